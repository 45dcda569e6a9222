#include "sieve/args.h"

#include <fmt/format.h>

#include <array>

namespace postrider::sieve {

using syntax::Argument;

namespace {

bool behind(Position one, Position other) {
    return one.line > other.line || (one.line == other.line && one.column > other.column);
}

}  // namespace

Args::Args(Binder& binder, const syntax::Node& node) : binder_{binder}, node_{node}, last_at_{node.at} {
    for (const Argument& argument : node.arguments) left_.push_back(&argument);
}

/// Takes the tag away; @return where its value would be.
std::optional<std::size_t> Args::take_tag(std::string_view tag, Extension need) {
    if (need != Extension::none && !binder_.has(need)) return std::nullopt;
    std::optional<std::size_t> found;
    for (std::size_t i = 0; i < left_.size(); ++i) {
        if (left_[i]->kind != Argument::Kind::tag || left_[i]->text != tag) continue;
        last_at_ = left_[i]->at;
        if (found) wrong(fmt::format("\":{}\" is given twice", tag));
        found = i;
        if (last_tag_.line == 0 || behind(last_at_, last_tag_)) last_tag_ = last_at_;
        left_.erase(left_.begin() + static_cast<std::ptrdiff_t>(i));
        --i;
    }
    return found;
}

bool Args::flag(std::string_view tag, Extension need) {
    return take_tag(tag, need).has_value();
}

std::optional<std::size_t> Args::one_of(std::initializer_list<std::string_view> tags, Extension need) {
    std::optional<std::size_t> found;
    std::size_t index = 0;
    for (std::string_view tag : tags) {
        if (flag(tag, need)) {
            if (found)
                wrong(fmt::format("\":{}\" cannot stand beside \":{}\"", tag, *(tags.begin() + *found)));
            found = index;
        }
        ++index;
    }
    return found;
}

const Argument& Args::tag_value(std::string_view tag, std::string_view what) {
    // The tag is gone; `positional_begin` of it was kept by the caller through last_at_.
    for (std::size_t i = 0; i < left_.size(); ++i) {
        const Argument& argument = *left_[i];
        if (!behind(argument.at, last_at_)) continue;
        if (argument.kind == Argument::Kind::tag) break;
        left_.erase(left_.begin() + static_cast<std::ptrdiff_t>(i));
        last_at_ = argument.at;
        return argument;
    }
    wrong(fmt::format("\":{}\" needs {} behind it", tag, what));
}

std::optional<std::uint64_t> Args::number(std::string_view tag, Extension need) {
    if (!take_tag(tag, need)) return std::nullopt;
    const Argument& argument = tag_value(tag, "a number");
    if (argument.kind != Argument::Kind::number) wrong(fmt::format("\":{}\" needs a number behind it", tag));
    return argument.number;
}

TextTemplate Args::to_text(const Argument& argument, std::string_view what) {
    if (argument.kind != Argument::Kind::string)
        wrong(fmt::format("{} of \"{}\" must be a string", what, node_.name));
    return binder_.text(argument.text, argument.at);
}

TextList Args::to_list(const Argument& argument, std::string_view what) {
    TextList list;
    if (argument.kind == Argument::Kind::string) {
        list.push_back(binder_.text(argument.text, argument.at));
    } else if (argument.kind == Argument::Kind::list) {
        for (const std::string& text : argument.list) list.push_back(binder_.text(text, argument.at));
    } else {
        wrong(fmt::format("{} of \"{}\" must be a string or a list of strings", what, node_.name));
    }
    return list;
}

std::optional<TextTemplate> Args::text(std::string_view tag, Extension need) {
    if (!take_tag(tag, need)) return std::nullopt;
    return to_text(tag_value(tag, "a string"), fmt::format("\":{}\"", tag));
}

std::optional<TextList> Args::list(std::string_view tag, Extension need) {
    if (!take_tag(tag, need)) return std::nullopt;
    return to_list(tag_value(tag, "a string list"), fmt::format("\":{}\"", tag));
}

std::optional<std::string> Args::constant(std::string_view tag, Extension need) {
    auto value = text(tag, need);
    if (!value) return std::nullopt;
    if (!value->constant()) wrong(fmt::format("\":{}\" cannot have variables in it", tag));
    return value->source();
}

bool Args::more() {
    return !left_.empty();
}

bool Args::next_is_number() {
    return !left_.empty() && left_.front()->kind == Argument::Kind::number;
}

const Argument& Args::positional(std::string_view what) {
    if (!positional_) {
        positional_ = true;
        for (const Argument* argument : left_) {
            if (argument->kind != Argument::Kind::tag) continue;
            last_at_ = argument->at;
            wrong(fmt::format("\"{}\" has no tag \":{}\" here", node_.name, argument->text));
        }
    }
    if (left_.empty()) {
        last_at_ = node_.at;
        hint_at_missing_colon();
        wrong(fmt::format("\"{}\" lacks {}", node_.name, what));
    }
    const Argument& argument = *left_.front();
    left_.erase(left_.begin());
    last_at_ = argument.at;
    if (last_tag_.line != 0 && behind(last_tag_, last_at_)) {
        last_at_ = last_tag_;
        wrong("tags must stand before the other arguments");
    }
    return argument;
}

/// In "address matches ..." the word behind looks like a test.
void Args::hint_at_missing_colon() {
    if (node_.tests_in_parentheses || node_.tests.size() != 1) return;
    const syntax::Node& test = node_.tests.front();
    for (std::string_view tag :
         {"is", "contains", "matches", "regex", "count", "value", "list", "comparator", "all", "localpart",
          "domain", "user", "detail", "over", "under", "copy", "flags", "days"})
        if (test.name == tag)
            binder_.problem(ProblemKind::semantic, test.at,
                            fmt::format("there is no test \"{}\": is a colon missing before it?", tag));
}

std::uint64_t Args::number() {
    const Argument& argument = positional("a number");
    if (argument.kind != Argument::Kind::number) wrong(fmt::format("\"{}\" wants a number here", node_.name));
    return argument.number;
}

TextTemplate Args::text() {
    return to_text(positional("a string"), "this argument");
}

TextList Args::list() {
    return to_list(positional("a string list"), "this argument");
}

std::string Args::constant() {
    TextTemplate value = text();
    if (!value.constant())
        wrong(fmt::format("this argument of \"{}\" cannot have variables in it", node_.name));
    return value.source();
}

Matcher Args::matcher() {
    Matcher matcher;
    matcher.max_regex_memory = binder_.options().limits.max_regex_memory;
    matcher.sets_variables = binder_.has(Extension::variables);
    std::size_t types = 0;
    auto type = [&](std::string_view tag, MatchType value, Extension need) {
        if (!flag(tag, need)) return;
        if (++types > 1) wrong("a test has one match type only");
        matcher.type = value;
    };
    type("is", MatchType::is, Extension::none);
    type("contains", MatchType::contains, Extension::none);
    type("matches", MatchType::matches, Extension::none);
    type("regex", MatchType::regex, Extension::regex);
    type("list", MatchType::list, Extension::extlists);
    auto relation = [&](std::string_view tag, MatchType value) {
        auto name = constant(tag, Extension::relational);
        if (!name) return;
        if (++types > 1) wrong("a test has one match type only");
        matcher.type = value;
        constexpr std::array<std::string_view, 6> names = {"eq", "ne", "gt", "ge", "lt", "le"};
        for (std::size_t i = 0; i < names.size(); ++i) {
            if (*name != names[i]) continue;
            matcher.relation = static_cast<Relation>(i);
            return;
        }
        invalid(fmt::format("\"{}\" is no relation: gt, ge, lt, le, eq, ne are", *name));
    };
    relation("count", MatchType::count);
    relation("value", MatchType::value);
    if (auto name = constant("comparator")) {
        auto extension = find_extension("comparator-" + *name);
        if (!extension) invalid(fmt::format("there is no comparator \"{}\"", *name));
        bool always = *extension == Extension::comparator_octet || *extension == Extension::comparator_ascii;
        if (!always && !binder_.has(*extension)) {
            // RFC 5228 §2.7.3 asks for it; many scripts leave it away for this one.
            if (*extension != Extension::comparator_unicode || !binder_.allowed(*extension))
                wrong(fmt::format("the comparator \"{}\" needs: require \"comparator-{}\"", *name, *name));
            binder_.warn(last_at_, fmt::format("the comparator \"{}\" should be required", *name));
        }
        matcher.comparator = *extension == Extension::comparator_octet     ? Comparator::octet
                             : *extension == Extension::comparator_ascii   ? Comparator::ascii
                             : *extension == Extension::comparator_numeric ? Comparator::numeric
                                                                           : Comparator::unicode;
    }
    bool substring = matcher.type == MatchType::contains || matcher.type == MatchType::matches
                     || matcher.type == MatchType::regex;
    if (matcher.comparator == Comparator::numeric && substring)
        invalid("the comparator \"i;ascii-numeric\" compares whole numbers only: it has no substrings");
    if (binder_.compatible() && matcher.type == MatchType::count) {
        if (matcher.comparator != Comparator::numeric)
            invalid("\":count\" needs the comparator \"i;ascii-numeric\"");
        matcher.first_key_only = true;
    }
    return matcher;
}

void Args::keys(Matcher& matcher, TextList keys) {
    if (matcher.first_key_only && keys.size() > 1)
        binder_.warn(last_at_, "\":count\" looks at the first string of the list only");
    if (matcher.type == MatchType::regex) {
        // An expression takes as much as many commands.
        constexpr std::uint32_t cost = 50;
        std::uint32_t& nodes = binder_.shared().nodes;
        nodes += static_cast<std::uint32_t>(keys.size()) * cost;
        if (nodes > binder_.options().limits.max_commands)
            fail(ProblemKind::parse, "too many regular expressions");
    }
    std::string wrong_key = matcher.prepare(std::move(keys));
    if (!wrong_key.empty()) invalid(std::move(wrong_key));
}

TestPtr Args::only_test() {
    tests_taken_ = true;
    if (node_.tests_in_parentheses || node_.tests.size() != 1) {
        last_at_ = node_.at;
        wrong(fmt::format("\"{}\" needs one test", node_.name));
    }
    return binder_.test(node_.tests.front());
}

std::vector<TestPtr> Args::tests() {
    tests_taken_ = true;
    if (!node_.tests_in_parentheses) {
        last_at_ = node_.at;
        wrong(fmt::format("\"{}\" needs a list of tests in parentheses", node_.name));
    }
    bool any = node_.name == "anyof";
    std::vector<TestPtr> tests;
    for (const syntax::Node& node : node_.tests) {
        tests.push_back(binder_.test(node));
        // What cannot be reached may use what there is not (RFC 5463 §4).
        if (tests.back() && tests.back()->known == any) break;
    }
    return tests;
}

Block Args::block() {
    block_taken_ = true;
    if (!node_.has_block) {
        last_at_ = node_.at;
        wrong(fmt::format("\"{}\" needs a block", node_.name));
    }
    return binder_.block(node_.block);
}

void Args::done() {
    bool wrong_here = false;
    auto note = [&](Position at, std::string text) {
        binder_.problem(ProblemKind::semantic, at, std::move(text));
        wrong_here = true;
    };
    if (!left_.empty()) {
        const Argument& first = *left_.front();
        note(first.at, first.kind == Argument::Kind::tag
                           ? fmt::format("\"{}\" has no tag \":{}\" here", node_.name, first.text)
                           : fmt::format("\"{}\" has an argument too many", node_.name));
    }
    bool has_tests = !node_.tests.empty() || node_.tests_in_parentheses;
    if (!tests_taken_ && has_tests) {
        // A command on the line before that lacks its ";" swallows the next one as a test.
        bool next_line = !node_.tests.empty() && node_.tests.front().at.line > node_.at.line;
        note(node_.at, fmt::format("\"{}\" takes no test{}", node_.name,
                                   next_line ? ": is a semicolon missing behind it?" : ""));
    } else if (!block_taken_ && node_.has_block) {
        note(node_.at, fmt::format("\"{}\" takes no block", node_.name));
    }
    last_at_ = node_.at;
    if (wrong_here) throw Abandoned{};
}

}  // namespace postrider::sieve
