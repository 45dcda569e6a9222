#include <algorithm>

#include "sieve/rules.h"
#include "sieve/rules_words.h"
#include "sieve/syntax.h"
#include "text/ascii.h"

/// The way back from a script to its rules. What does not look like what the writer writes is not a rule; in
/// the end the writer is asked whether it would write this very script.
namespace postrider::sieve {
namespace {

using Of = Condition::Of;
using Operator = Condition::Operator;
using syntax::Argument;
using syntax::Node;
using namespace rules_words;

struct NotOurs {};

void expect(bool holds) {
    if (!holds) throw NotOurs{};
}

const Argument& argument(const Node& node, std::size_t at) {
    expect(at < node.arguments.size());
    return node.arguments[at];
}

const std::string& text(const Node& node, std::size_t at) {
    const Argument& found = argument(node, at);
    expect(found.kind == Argument::Kind::string);
    return found.text;
}

const std::string& tag(const Node& node, std::size_t at) {
    const Argument& found = argument(node, at);
    expect(found.kind == Argument::Kind::tag);
    return found.text;
}

bool has_tag(const Node& node, std::size_t at, std::string_view name) {
    return at < node.arguments.size() && node.arguments[at].kind == Argument::Kind::tag
           && node.arguments[at].text == name;
}

std::vector<std::string> list(const Node& node, std::size_t at) {
    const Argument& found = argument(node, at);
    if (found.kind == Argument::Kind::string) return {found.text};
    expect(found.kind == Argument::Kind::list);
    return found.list;
}

std::string without_escapes(std::string_view pattern) {
    std::string out;
    for (std::size_t i = 0; i < pattern.size(); ++i) {
        if (pattern[i] == '\\' && i + 1 < pattern.size()) ++i;
        out += pattern[i];
    }
    return out;
}

Operator bound(std::string_view relation) {
    expect(relation == "ge" || relation == "le");
    return relation == "ge" ? Operator::at_least : Operator::at_most;
}

Condition text_condition(const Node& test, bool negated) {
    Condition condition;
    const std::string& type = tag(test, 0);
    bool anchored = has_tag(test, 1, "comparator");
    std::size_t at = anchored ? 3 : 1;
    std::vector<std::string> names = list(test, at);
    condition.value = text(test, at + 1);
    expect(test.arguments.size() == at + 2);
    if (names.size() == 2)
        condition.of = Of::to_or_cc;
    else if (names.front() == "Subject")
        condition.of = Of::subject;
    else if (names.front() == "From")
        condition.of = Of::from;
    else if (names.front() == "To")
        condition.of = Of::to;
    else if (names.front() == "Cc")
        condition.of = Of::cc;
    else {
        condition.of = Of::header;
        condition.header = names.front();
    }
    bool end = anchored && condition.value.starts_with('*');
    for (const TextOperator& row : text_operators) {
        if (row.tag != type || row.negated != negated || row.anchored != anchored || at_end(row.op) != end)
            continue;
        condition.op = row.op;
        if (anchored) {
            expect(!condition.value.empty());
            if (end)
                condition.value.erase(0, 1);
            else
                condition.value.pop_back();
            condition.value = without_escapes(condition.value);
        }
        return condition;
    }
    throw NotOurs{};
}

Condition condition_of(const Node& node) {
    bool negated = node.name == "not";
    expect(!negated || node.tests.size() == 1);
    const Node& test = negated ? node.tests.front() : node;
    Condition condition;
    if (test.name == "header" && has_tag(test, 0, "mime")) {
        condition.of = Of::attachment;
        condition.op = negated ? Operator::absent : Operator::present;
        return condition;
    }
    if (test.name == "header" || test.name == "address") return text_condition(test, negated);
    expect(!negated);
    if (test.name == "size") {
        condition.of = Of::size;
        condition.op = tag(test, 0) == "under" ? Operator::at_most : Operator::at_least;
        expect(argument(test, 1).kind == Argument::Kind::number);
        condition.value = std::to_string(test.arguments[1].number);
    } else if (test.name == "spamtest" || test.name == "virustest") {
        condition.of = test.name == "spamtest" ? Of::spam_level : Of::virus_level;
        condition.op = bound(text(test, 1));
        condition.value = text(test, 4);
    } else {
        expect(test.name == "currentdate");
        condition.of = Of::date;
        condition.op = bound(text(test, 1));
        condition.value = text(test, 3);
    }
    return condition;
}

/// Takes "allof (false, ...)" away.
const Node& test_of(const Node& command, bool& enabled) {
    expect(command.name == "if" && command.tests.size() == 1);
    const Node& test = command.tests.front();
    enabled = !(test.name == "allof" && test.tests.size() == 2 && test.tests.front().name == "false");
    return enabled ? test : test.tests.back();
}

Absence::Answer answer_of(const Node& command, unsigned& days, std::vector<std::string>& addresses) {
    expect(command.name == "vacation" && has_tag(command, 0, "days"));
    expect(argument(command, 1).kind == Argument::Kind::number && command.arguments[1].number <= 45);
    days = static_cast<unsigned>(command.arguments[1].number);
    Absence::Answer answer;
    std::size_t at = 2;
    if (has_tag(command, at, "subject")) {
        answer.subject = text(command, at + 1);
        at += 2;
    }
    if (has_tag(command, at, "addresses")) {
        addresses = list(command, at + 1);
        at += 2;
    }
    answer.text = text(command, at);
    return answer;
}

RuleAction action_of(const Node& command) {
    using Kind = RuleAction::Kind;
    RuleAction action;
    bool copy = has_tag(command, 0, "copy");
    if (command.name == "fileinto" || command.name == "redirect") {
        action.kind = command.name == "fileinto" ? (copy ? Kind::copy : Kind::move)
                                                 : (copy ? Kind::redirect_copy : Kind::redirect);
        action.value = text(command, copy ? 1 : 0);
    } else if (command.name == "discard") {
        action.kind = Kind::discard;
    } else if (command.name == "reject") {
        action.kind = Kind::reject;
        action.value = text(command, 0);
    } else if (command.name == "vacation") {
        action.kind = Kind::reply;
        std::vector<std::string> addresses;
        Absence::Answer answer = answer_of(command, action.days, addresses);
        action.subject = std::move(answer.subject);
        action.value = std::move(answer.text);
    } else if (command.name == "addflag") {
        action.kind = text(command, 0) == "\\Seen" ? Kind::mark_read : Kind::flag;
    } else {
        expect(command.name == "keep");
    }
    return action;
}

Rule rule_of(const Node& command, std::string name) {
    Rule rule;
    rule.name = std::move(name);
    const Node& test = test_of(command, rule.enabled);
    if (test.name != "true") {
        expect(test.name == "allof" || test.name == "anyof");
        rule.all = test.name == "allof";
        for (const Node& one : test.tests) rule.conditions.push_back(condition_of(one));
    }
    std::size_t count = command.block.size();
    rule.stop = count > 0 && command.block.back().name == "stop";
    if (rule.stop) --count;
    for (std::size_t i = 0; i < count; ++i) rule.actions.push_back(action_of(command.block[i]));
    return rule;
}

Absence absence_of(const Node& command) {
    Absence absence;
    const Node& test = test_of(command, absence.enabled);
    for (const Node& one : test.tests) {
        Condition condition = condition_of(one);
        expect(condition.of == Of::date);
        (condition.op == Operator::at_most ? absence.until : absence.from) = condition.value;
    }
    expect(!command.block.empty());
    const Node& first = command.block.front();
    if (first.name == "vacation") {
        absence.external = answer_of(first, absence.days, absence.addresses);
        return absence;
    }
    expect(first.name == "if" && first.tests.size() == 1 && first.block.size() == 1);
    bool negated = first.tests.front().name == "not";
    const Node& inside = negated ? first.tests.front().tests.front() : first.tests.front();
    expect(inside.name == "envelope");
    absence.own_domains = list(inside, 3);
    (negated ? absence.external : absence.internal) =
        answer_of(first.block.front(), absence.days, absence.addresses);
    if (command.block.size() == 2) {
        const Node& other = command.block.back();
        expect(other.name == "else" && other.block.size() == 1);
        absence.external = answer_of(other.block.front(), absence.days, absence.addresses);
    }
    return absence;
}

std::string with_lf(std::string_view text) {
    std::string out;
    for (char c : text)
        if (c != '\r') out += c;
    return out;
}

}  // namespace

std::optional<RuleSet> read_rules(std::string_view script) {
    std::string plain = with_lf(script);
    if (!plain.starts_with(title)) return std::nullopt;
    CompileLimits limits;
    limits.max_script = 4u << 20;
    syntax::Parsed parsed = syntax::parse(plain, limits);
    if (!parsed.problems.empty()) return std::nullopt;

    std::vector<std::string_view> lines;
    for (std::string_view rest = plain; !rest.empty();) {
        std::size_t end = std::min(rest.find('\n'), rest.size());
        lines.push_back(rest.substr(0, end));
        rest.remove_prefix(std::min(end + 1, rest.size()));
    }
    RuleSet rules;
    try {
        for (const Node& command : parsed.commands) {
            if (command.name == "require") continue;
            expect(command.at.line >= 2 && command.at.line <= lines.size());
            std::string_view mark = lines[command.at.line - 2];
            if (mark == absence_mark) {
                expect(!rules.absence && rules.rules.empty());
                rules.absence = absence_of(command);
            } else {
                expect(mark.starts_with(rule_mark));
                rules.rules.push_back(rule_of(command, std::string{mark.substr(rule_mark.size())}));
            }
        }
    } catch (const NotOurs&) {
        return std::nullopt;
    }
    if (!check_rules(rules).empty() || with_lf(write_rules(rules)) != plain) return std::nullopt;
    return rules;
}

}  // namespace postrider::sieve
