#include "policy/script.h"
#include "text/ascii.h"

namespace postrider::policy {
namespace {

using text::equal_ci;

struct ComparatorName {
    std::string_view name;
    Comparator comparator;
};
constexpr ComparatorName comparators[] = {
    {"is", Comparator::is},
    {"isCase", Comparator::is_case},
    {"greaterThan", Comparator::greater_than},
    {"lessThan", Comparator::less_than},
    {"ipRange", Comparator::ip_range},
    {"contains", Comparator::contains},
    {"containsCase", Comparator::contains_case},
    {"matches", Comparator::matches},
    {"matchesCase", Comparator::matches_case},
    {"beginsWith", Comparator::begins_with},
    {"endsWith", Comparator::ends_with},
};

bool begins_name(char c) {
    return text::is_alpha(c) || c == '_';
}
bool in_name(char c) {
    return begins_name(c) || text::is_digit(c) || c == '-' || c == '.';
}

/// Reads tokens; remembers the first mistake, after which everything fails.
class Reader {
public:
    explicit Reader(std::string_view text) : text_{text} {}

    bool failed() const { return failed_; }
    Problem problem() const { return problem_; }
    std::uint32_t line() const { return line_; }

    void fail(std::uint32_t line, std::string what) {
        if (failed_) return;
        failed_ = true;
        problem_ = {line, std::move(what)};
    }

    bool at_end() {
        skip();
        return failed_ || at_ == text_.size();
    }

    /// The punctuation mark if it comes next.
    bool take(char mark) {
        skip();
        if (failed_ || at_ == text_.size() || text_[at_] != mark) return false;
        ++at_;
        return true;
    }

    void need(char mark, std::string_view where) {
        if (!take(mark)) fail(line_, std::string{"expected '"} + mark + "' " + std::string{where} + seen());
    }

    /// The word if one comes next, else "".
    std::string_view word() {
        skip();
        if (failed_ || at_ == text_.size() || !begins_name(text_[at_])) return {};
        std::size_t begin = at_;
        while (at_ < text_.size() && in_name(text_[at_])) ++at_;
        if (at_ - begin > Limits::name) fail(line_, "a name of more than 128 characters");
        return text_.substr(begin, at_ - begin);
    }

    /// The word without taking it.
    bool next_is(std::string_view expected) {
        const std::size_t at = at_;
        const std::uint32_t line = line_;
        const bool same = equal_ci(word(), expected);
        at_ = at;
        line_ = line;
        return same;
    }

    std::string name(std::string_view of_what) {
        std::string_view found = word();
        if (found.empty()) fail(line_, "expected the name of " + std::string{of_what} + seen());
        return std::string{found};
    }

    std::string string() {
        if (!take('"')) {
            fail(line_, "expected a value in double quotes" + seen());
            return {};
        }
        const std::uint32_t begun = line_;
        std::string value;
        while (at_ < text_.size() && text_[at_] != '"') {
            char c = text_[at_++];
            if (c == '\\' && at_ < text_.size() && (text_[at_] == '"' || text_[at_] == '\\'))
                c = text_[at_++];
            if (c == '\n') ++line_;
            value.push_back(c);
        }
        if (at_ == text_.size())
            fail(begun, "the string that begins here has no end");
        else
            ++at_;
        if (value.size() > Limits::string) fail(begun, "a string of more than 65536 octets");
        return value;
    }

private:
    void skip() {
        while (at_ < text_.size()) {
            const char c = text_[at_];
            if (c == '\n') {
                ++line_;
            } else if (c == '#') {
                while (at_ < text_.size() && text_[at_] != '\n') ++at_;
                continue;
            } else if (!text::is_space(c)) {
                return;
            }
            ++at_;
        }
    }

    std::string seen() {
        skip();
        if (at_ == text_.size()) return ", found the end of the script";
        std::size_t end = at_;
        while (end < text_.size() && in_name(text_[end]) && end - at_ < 40) ++end;
        if (end == at_) ++end;
        const auto c = static_cast<unsigned char>(text_[at_]);
        if (c < 0x20 || c > 0x7E) return ", found a character that has no place here";
        return ", found '" + std::string{text_.substr(at_, end - at_)} + "'";
    }

    std::string_view text_;
    std::size_t at_ = 0;
    std::uint32_t line_ = 1;
    bool failed_ = false;
    Problem problem_;
};

Condition condition(Reader& in, unsigned depth) {
    Condition result;
    const std::string word = in.name("a comparator, anyOf, allOf or not");
    result.line = in.line();
    if (depth > Limits::depth) in.fail(result.line, "conditions lie more than 32 deep in one another");
    if (in.failed()) return result;
    const bool any = equal_ci(word, "anyOf"), all = equal_ci(word, "allOf"), negated = equal_ci(word, "not");
    if (any || all || negated) {
        using Kind = Condition::Kind;
        result.kind = any ? Kind::any : all ? Kind::all : Kind::negated;
        in.need('(', "after " + word);
        do {
            result.parts.push_back(condition(in, depth + 1));
        } while (!in.failed() && !negated && in.take(','));
        in.need(')', "after the conditions of " + word);
        return result;
    }
    for (const ComparatorName& row : comparators) {
        if (!equal_ci(row.name, word)) continue;
        result.comparator = row.comparator;
        in.need('(', "after " + word);
        result.variable = in.name("a variable");
        in.need(',', "after the variable");
        result.value = in.string();
        in.need(')', "after the value");
        return result;
    }
    in.fail(result.line, "there is no comparator '" + word + "'");
    return result;
}

std::vector<Statement> block(Reader& in, unsigned depth, std::string_view of_what);

Statement branch(Reader& in, unsigned depth) {
    Statement statement;
    statement.kind = Statement::Kind::branch;
    statement.line = in.line();
    in.need('(', "after if");
    statement.condition = condition(in, 1);
    in.need(')', "after the condition of if");
    statement.then = block(in, depth + 1, "if");
    if (in.failed() || !in.next_is("else")) return statement;
    in.word();
    if (!in.next_is("if")) {
        statement.otherwise = block(in, depth + 1, "else");
        return statement;
    }
    if (depth >= Limits::depth) {
        in.fail(in.line(), "blocks lie more than 32 deep in one another");
        return statement;
    }
    in.word();
    statement.otherwise.push_back(branch(in, depth + 1));
    return statement;
}

std::vector<Statement> block(Reader& in, unsigned depth, std::string_view of_what) {
    std::vector<Statement> body;
    if (depth > Limits::depth) in.fail(in.line(), "blocks lie more than 32 deep in one another");
    in.need('{', "to begin the block of " + std::string{of_what});
    while (!in.failed() && !in.take('}')) {
        const std::string word = in.name("a statement (set, call, if) or '}'");
        Statement statement;
        statement.line = in.line();
        if (equal_ci(word, "if")) {
            body.push_back(branch(in, depth));
            continue;
        }
        if (equal_ci(word, "set")) {
            in.need('(', "after set");
            statement.name = in.name("a variable");
            in.need(',', "after the variable");
            statement.value = in.string();
        } else if (equal_ci(word, "call")) {
            statement.kind = Statement::Kind::call;
            in.need('(', "after call");
            statement.name = in.name("a method");
        } else {
            in.fail(statement.line, "there is no statement '" + word + "'");
        }
        in.need(')', "to end " + word);
        in.need(';', "after " + word);
        body.push_back(std::move(statement));
    }
    return body;
}

}  // namespace

std::string_view name(Comparator comparator) {
    return comparators[static_cast<std::size_t>(comparator)].name;
}

std::expected<Script, Problem> parse(std::string_view text) {
    if (text.size() > Limits::script) return std::unexpected(Problem{1, "the script is larger than 4 MB"});
    Reader in{text};
    Script script;
    while (!in.at_end()) {
        Block part;
        const std::string word = in.name("an event or a method (\"event\", \"method\")");
        part.line = in.line();
        part.is_event = equal_ci(word, "event");
        if (!in.failed() && !part.is_event && !equal_ci(word, "method"))
            in.fail(part.line, "expected \"event\" or \"method\", found '" + word + "'");
        part.name = in.name(part.is_event ? "an event" : "a method");
        part.body = block(in, 1, part.name);
        if (script.blocks.size() == Limits::blocks) in.fail(part.line, "more than 10000 events and methods");
        script.blocks.push_back(std::move(part));
    }
    if (in.failed()) return std::unexpected(in.problem());
    return script;
}

}  // namespace postrider::policy
