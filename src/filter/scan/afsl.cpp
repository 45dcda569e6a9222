#include "filter/scan/afsl.h"

#include <fmt/format.h>

#include <map>
#include <optional>

#include "filter/scan/afsl_regex.h"
#include "text/ascii.h"

namespace postrider::filter::afsl {
namespace {

constexpr std::size_t longest_source = 64 * 1024;
constexpr std::size_t most_statements = 2000;
constexpr std::size_t most_states = 100;
constexpr std::size_t deepest_if = 16;
constexpr std::size_t most_regexes = 200;
constexpr std::size_t longest_regex = 1000;

struct Variable {
    std::string_view name;
    Piece::Kind kind;
};
constexpr Variable variables[] = {
    {"SIZE", Piece::Kind::size}, {"ID", Piece::Kind::id},         {"FROM", Piece::Kind::from},
    {"RCPT", Piece::Kind::rcpt}, {"CLIENT", Piece::Kind::client}, {"HELO", Piece::Kind::helo},
    {"USER", Piece::Kind::user}, {"REPLY", Piece::Kind::reply},   {"FILE", Piece::Kind::file},
};

int hex(char c) {
    if (text::is_digit(c)) return c - '0';
    c = text::lower(c);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

class Parser {
public:
    explicit Parser(std::string_view source) : source_{source} {}

    std::expected<Program, SyntaxError> run() {
        if (source_.size() > longest_source) fail("the file is larger than 64 KB");
        while (!error_ && !source_.empty()) {
            ++line_;
            const std::size_t end = source_.find('\n');
            rest_ = text::trim(source_.substr(0, end));
            source_ = end == std::string_view::npos ? std::string_view{} : source_.substr(end + 1);
            if (!rest_.empty() && rest_[0] != '#') statement();
        }
        if (!error_ && !open_.empty()) {
            line_ = open_.back().line;
            fail(".IF without .ENDIF");
        }
        if (!error_) finish();
        if (error_) return std::unexpected(std::move(*error_));
        return std::move(program_);
    }

private:
    struct OpenIf {
        unsigned line;
        std::optional<std::size_t> unless;  ///< whose target is the next branch; nothing after .ELSE
        std::vector<std::size_t> jumps;     ///< to .ENDIF
    };
    struct Goto {
        std::size_t at;
        std::string state;
        unsigned line;
    };

    void fail(std::string what) {
        if (!error_) error_ = SyntaxError{line_, std::move(what)};
    }

    std::string word() {
        std::size_t end = 0;
        while (end < rest_.size() && !text::is_blank(rest_[end])) ++end;
        std::string taken{rest_.substr(0, end)};
        rest_ = text::trim(rest_.substr(end));
        return taken;
    }

    bool more() const { return !rest_.empty() && rest_[0] != '#'; }

    void end_of_line() {
        if (more()) fail(fmt::format("nothing more is expected before '{}'", rest_.substr(0, 20)));
    }

    /// "..." with escapes and variables.
    Text quoted() {
        Text text;
        if (!rest_.starts_with('"')) {
            fail("a text in quotes is expected");
            return text;
        }
        std::string literal;
        const auto flush = [&] {
            if (!literal.empty()) text.push_back({Piece::Kind::text, std::move(literal), 0});
            literal.clear();
        };
        std::size_t i = 1;
        for (; i < rest_.size() && rest_[i] != '"' && !error_; ++i) {
            if (rest_[i] == '\\') {
                i = escape(i, literal);
            } else if (rest_[i] == '%') {
                const std::size_t end = rest_.find('%', i + 1);
                if (end == std::string_view::npos) {
                    fail("a variable without its second %; write %% for a percent sign");
                } else if (end == i + 1) {
                    literal += '%';
                } else {
                    flush();
                    variable(rest_.substr(i + 1, end - i - 1), text);
                }
                i = end;
            } else if (rest_[i] == '$') {
                const char next = i + 1 < rest_.size() ? rest_[i + 1] : '\0';
                if (next == '$') {
                    literal += '$';
                } else if (next >= '1' && next <= '9') {
                    flush();
                    text.push_back({Piece::Kind::capture, {}, static_cast<unsigned>(next - '0')});
                } else {
                    fail("$ is followed by a digit from 1 to 9, or by another $");
                }
                ++i;
            } else {
                literal += rest_[i];
            }
        }
        if (i >= rest_.size()) {
            fail("a text without its closing quote");
            return text;
        }
        flush();
        rest_ = text::trim(rest_.substr(i + 1));
        return text;
    }

    /// One escape at `i`; the index of its last octet.
    std::size_t escape(std::size_t i, std::string& literal) {
        const char c = i + 1 < rest_.size() ? rest_[i + 1] : '\0';
        switch (c) {
            case 'r': literal += '\r'; return i + 1;
            case 'n': literal += '\n'; return i + 1;
            case 't': literal += '\t'; return i + 1;
            case '0': literal += '\0'; return i + 1;
            case '\\':
            case '"': literal += c; return i + 1;
            case 'x':
                if (i + 3 < rest_.size() && hex(rest_[i + 2]) >= 0 && hex(rest_[i + 3]) >= 0) {
                    literal += static_cast<char>(hex(rest_[i + 2]) * 16 + hex(rest_[i + 3]));
                    return i + 3;
                }
                break;
            default: break;
        }
        fail("an escape that is none of \\r \\n \\t \\0 \\\\ \\\" \\xHH");
        return i + 1;
    }

    void variable(std::string_view name, Text& text) {
        for (const Variable& one : variables)
            if (name == one.name) {
                text.push_back({one.kind, {}, 0});
                return;
            }
        fail(fmt::format("there is no variable %{}%", name.substr(0, 20)));
    }

    Text quoted_or_nothing() { return more() ? quoted() : Text{}; }

    /// /regex/ or /regex/i; \/ is a slash.
    std::shared_ptr<const Regex> regex() {
        if (!rest_.starts_with('/')) {
            fail("a regex between slashes is expected");
            return nullptr;
        }
        std::string pattern;
        std::size_t i = 1;
        for (; i < rest_.size() && rest_[i] != '/'; ++i) {
            if (rest_[i] == '\\' && i + 1 < rest_.size()) {
                if (rest_[i + 1] != '/') pattern += '\\';
                ++i;
            }
            pattern += rest_[i];
        }
        if (i >= rest_.size()) {
            fail("a regex without its closing slash");
            return nullptr;
        }
        rest_ = rest_.substr(i + 1);
        const bool any_case = rest_.starts_with('i');
        if (any_case) rest_.remove_prefix(1);
        rest_ = text::trim(rest_);
        if (pattern.size() > longest_regex || ++regexes_ > most_regexes) {
            fail("too many regexes, or one that is too long");
            return nullptr;
        }
        auto made = std::make_shared<const Regex>(pattern, any_case);
        if (!made->ok()) fail("not a regex: " + made->error());
        return made;
    }

    Statement& add(Op op) {
        if (program_.code.size() >= most_statements) fail("more than 2000 statements");
        program_.code.push_back({op, line_, {}, {}, {}, {}, nullptr, 0});
        return program_.code.back();
    }

    void statement();
    void state();
    void receive();
    void branch(const std::string& name);
    void finish();

    std::string_view source_;
    std::string_view rest_;  ///< of the line
    unsigned line_ = 0;
    std::size_t regexes_ = 0;
    Program program_;
    std::map<std::string, std::size_t, std::less<>> states_;
    std::vector<OpenIf> open_;
    std::vector<Goto> gotos_;
    std::optional<SyntaxError> error_;
};

void Parser::statement() {
    const std::string name = text::to_upper(word());
    if (name == ".TITLE") {
        const Text title = quoted();
        if (title.size() != 1 || title[0].kind != Piece::Kind::text)
            fail("a title without variables is expected");
        else
            program_.title = title[0].text.substr(0, 64);
        return end_of_line();
    }
    if (name == ".STATE") return state();
    if (states_.empty()) return fail("a statement before the first .STATE");
    if (name == ".IF" || name == ".ELSEIF" || name == ".ELSE" || name == ".ENDIF") return branch(name);
    if (name == ".RECV") return receive();
    if (name == ".SEND") {
        add(Op::send).text = quoted();
    } else if (name == ".SENDMAIL") {
        const std::string form = more() ? word() : "raw";
        Statement& made = add(Op::send_mail);
        if (form == "dotstuff")
            made.mail = MailForm::dotstuff;
        else if (form == "chunked")
            made.mail = MailForm::chunked;
        else if (form != "raw")
            fail("raw, dotstuff or chunked is expected");
    } else if (name == ".SHUTDOWN") {
        add(Op::shutdown);
    } else if (name == ".HEADER") {
        Statement& made = add(Op::header);
        made.other = quoted();
        made.text = quoted();
    } else if (name == ".SCORE") {
        Statement& made = add(Op::score);
        made.text = quoted();
        made.other = quoted();
    } else if (name == ".REPLACE") {
        add(Op::replace);
    } else if (name == ".CLOSE") {
        add(Op::close);
    } else if (name == ".GOTO") {
        add(Op::jump);
        gotos_.push_back({program_.code.size() - 1, word(), line_});
    } else if (name == ".PASS") {
        add(Op::pass).text = quoted_or_nothing();
    } else if (name == ".MATCH") {
        add(Op::match).text = quoted_or_nothing();
    } else if (name == ".ERROR") {
        add(Op::error).text = quoted_or_nothing();
    } else {
        return fail(fmt::format("there is no statement '{}'", name.substr(0, 20)));
    }
    end_of_line();
}

void Parser::state() {
    if (!open_.empty()) return fail(".STATE inside .IF");
    const std::string name = word();
    end_of_line();
    if (name.empty()) return fail("a state without a name");
    if (!states_.empty()) add(Op::end_of_state);
    if (states_.size() >= most_states) return fail("more than 100 states");
    if (!states_.emplace(name, program_.code.size()).second) fail("there are two states of this name");
}

void Parser::receive() {
    Statement& made = add(Op::receive);
    const std::string form = word();
    if (form == "nul") {
        made.reply = ReplyForm::nul;
    } else if (form == "all") {
        made.reply = ReplyForm::all;
    } else if (form == "bytes") {
        made.reply = ReplyForm::bytes;
        made.text = quoted();
    } else if (form == "until") {
        made.reply = ReplyForm::until;
        made.regex = regex();
    } else if (form != "line") {
        return fail("line, nul, all, bytes or until is expected");
    }
    end_of_line();
}

void Parser::branch(const std::string& name) {
    auto& code = program_.code;
    if (name == ".IF") {
        if (open_.size() >= deepest_if) return fail(".IF inside more than 16 others");
        add(Op::unless).regex = regex();
        open_.push_back({line_, code.size() - 1, {}});
        return end_of_line();
    }
    if (open_.empty()) return fail(name + " without .IF");
    OpenIf& branch = open_.back();
    if (name == ".ENDIF") {
        if (branch.unless) code[*branch.unless].target = code.size();
        for (std::size_t at : branch.jumps) code[at].target = code.size();
        open_.pop_back();
        return end_of_line();
    }
    if (!branch.unless) return fail(name + " after .ELSE");
    add(Op::jump);
    branch.jumps.push_back(code.size() - 1);
    code[*branch.unless].target = code.size();
    branch.unless.reset();
    if (name == ".ELSEIF") {
        add(Op::unless).regex = regex();
        branch.unless = code.size() - 1;
    }
    end_of_line();
}

void Parser::finish() {
    if (states_.empty()) return fail("there is no .STATE");
    add(Op::end_of_state);
    for (const Goto& one : gotos_) {
        const auto found = states_.find(one.state);
        line_ = one.line;
        if (found == states_.end()) return fail(fmt::format("there is no state '{}'", one.state));
        program_.code[one.at].target = found->second;
    }
    if (const auto connect = states_.find("connect"); connect != states_.end())
        program_.connect = connect->second;
    if (const auto message = states_.find("message"); message != states_.end())
        program_.message = message->second;
}

}  // namespace

std::expected<Program, SyntaxError> parse(std::string_view source) {
    return Parser{source}.run();
}

}  // namespace postrider::filter::afsl
