#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <set>

#include "sieve/header_source.h"
#include "sieve/one_address.h"
#include "sieve/rules.h"
#include "sieve/rules_words.h"
#include "text/ascii.h"
#include "text/utf8.h"

namespace postrider::sieve {
namespace {

using Of = Condition::Of;
using Operator = Condition::Operator;
using namespace rules_words;

std::string quote(std::string_view text) {
    std::string out = "\"";
    for (char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        if (c == '\r') continue;  // check_text(): the line end follows
        if (c == '\n') out += '\r';
        out += c;
    }
    return out + '"';
}

std::string quote_list(const std::vector<std::string>& list) {
    std::string out = "[";
    for (const std::string& one : list) {
        if (out.size() > 1) out += ", ";
        out += quote(one);
    }
    return out + "]";
}

std::string escape_wildcards(std::string_view text) {
    std::string out;
    for (char c : text) {
        if (c == '*' || c == '?' || c == '\\') out += '\\';
        out += c;
    }
    return out;
}

class Writer {
public:
    std::string run(const RuleSet& rules) {
        std::string body;
        if (rules.absence) absence(*rules.absence, body);
        for (const Rule& rule : rules.rules) this->rule(rule, body);
        std::string script{title};
        script += "\r\n";
        if (!required_.empty())
            script += "require " + quote_list({required_.begin(), required_.end()}) + ";\r\n";
        return script + body;
    }

private:
    void need(std::string_view extension) { required_.emplace(extension); }

    void rule(const Rule& rule, std::string& out) {
        out += fmt::format("\r\n{}{}\r\n", rule_mark, rule.name);
        std::string test = "true";
        if (!rule.conditions.empty()) {
            test = rule.all ? "allof (" : "anyof (";
            bool first = true;
            for (const Condition& condition : rule.conditions) {
                if (!first) test += ",\r\n          ";
                first = false;
                test += this->condition(condition);
            }
            test += ")";
        }
        open(test, rule.enabled, out);
        for (const RuleAction& action : rule.actions) out += "    " + this->action(action) + "\r\n";
        if (rule.stop) out += "    stop;\r\n";
        out += "}\r\n";
    }

    static void open(const std::string& test, bool enabled, std::string& out) {
        out += enabled ? "if " + test + " {\r\n" : "if allof (false, " + test + ") {\r\n";
    }

    std::string condition(const Condition& condition) {
        switch (condition.of) {
            case Of::size:
                return fmt::format("size {} {}", condition.op == Operator::at_most ? ":under" : ":over",
                                   condition.value);
            case Of::spam_level: need("spamtest"); return level("spamtest", condition);
            case Of::virus_level: need("virustest"); return level("virustest", condition);
            case Of::date:
                need("date");
                need("relational");
                return fmt::format("currentdate :value \"{}\" \"date\" {}",
                                   condition.op == Operator::at_most ? "le" : "ge", quote(condition.value));
            case Of::attachment:
                need("mime");
                return std::string{condition.op == Operator::absent ? "not " : ""}
                       + "header :mime :anychild :contains \"Content-Disposition\" \"attachment\"";
            default: return text(condition);
        }
    }

    std::string level(std::string_view test, const Condition& condition) {
        need("relational");
        need("comparator-i;ascii-numeric");
        return fmt::format("{} :value \"{}\" :comparator \"i;ascii-numeric\" {}", test,
                           condition.op == Operator::at_most ? "le" : "ge", quote(condition.value));
    }

    static std::string text(const Condition& condition) {
        std::string names;
        bool addresses = true;
        switch (condition.of) {
            case Of::from: names = "\"From\""; break;
            case Of::to: names = "\"To\""; break;
            case Of::cc: names = "\"Cc\""; break;
            case Of::to_or_cc: names = "[\"To\", \"Cc\"]"; break;
            case Of::header:
                names = quote(condition.header);
                addresses = false;
                break;
            default:
                names = "\"Subject\"";
                addresses = false;
                break;
        }
        for (const TextOperator& row : text_operators) {
            if (row.op != condition.op) continue;
            std::string value = condition.value;
            if (row.anchored)
                value = at_end(row.op) ? "*" + escape_wildcards(value) : escape_wildcards(value) + "*";
            // An address "is" another whatever name stands beside it.
            bool whole_address = addresses && row.tag == "is";
            return fmt::format("{}{} :{}{} {} {}", row.negated ? "not " : "",
                               whole_address ? "address" : "header", row.tag,
                               row.anchored ? " :comparator \"i;ascii-casemap\"" : "", names, quote(value));
        }
        return "false";
    }

    std::string action(const RuleAction& action) {
        using Kind = RuleAction::Kind;
        switch (action.kind) {
            case Kind::move: need("fileinto"); return "fileinto " + quote(action.value) + ";";
            case Kind::copy:
                need("fileinto");
                need("copy");
                return "fileinto :copy " + quote(action.value) + ";";
            case Kind::redirect: return "redirect " + quote(action.value) + ";";
            case Kind::redirect_copy: need("copy"); return "redirect :copy " + quote(action.value) + ";";
            case Kind::discard: return "discard;";
            case Kind::reject: need("reject"); return "reject " + quote(action.value) + ";";
            case Kind::reply: return vacation(action.days, {action.subject, action.value}, {});
            case Kind::keep: return "keep;";
            case Kind::mark_read: need("imap4flags"); return "addflag \"\\\\Seen\";";
            case Kind::flag: need("imap4flags"); return "addflag \"\\\\Flagged\";";
        }
        return "keep;";
    }

    std::string vacation(unsigned days, const Absence::Answer& answer,
                         const std::vector<std::string>& addresses) {
        need("vacation");
        std::string out = fmt::format("vacation :days {}", days);
        if (!answer.subject.empty()) out += " :subject " + quote(answer.subject);
        if (!addresses.empty()) out += " :addresses " + quote_list(addresses);
        return out + " " + quote(answer.text) + ";";
    }

    void absence(const Absence& absence, std::string& out) {
        out += fmt::format("\r\n{}\r\n", absence_mark);
        std::string test = "true";
        std::vector<std::string> period;
        if (!absence.from.empty())
            period.push_back(condition({Of::date, Operator::at_least, "", absence.from}));
        if (!absence.until.empty())
            period.push_back(condition({Of::date, Operator::at_most, "", absence.until}));
        if (!period.empty()) test = fmt::format("allof ({})", fmt::join(period, ", "));
        open(test, absence.enabled, out);
        if (absence.own_domains.empty()) {
            if (absence.external)
                out += "    " + vacation(absence.days, *absence.external, absence.addresses) + "\r\n";
        } else {
            need("envelope");
            std::string inside = "envelope :domain :is \"from\" " + quote_list(absence.own_domains);
            if (absence.internal) {
                out += "    if " + inside + " {\r\n        "
                       + vacation(absence.days, *absence.internal, absence.addresses) + "\r\n    }\r\n";
                if (absence.external)
                    out += "    else {\r\n        "
                           + vacation(absence.days, *absence.external, absence.addresses) + "\r\n    }\r\n";
            } else if (absence.external) {
                out += "    if not " + inside + " {\r\n        "
                       + vacation(absence.days, *absence.external, absence.addresses) + "\r\n    }\r\n";
            }
        }
        out += "}\r\n";
    }

    std::set<std::string> required_;
};

bool one_line(std::string_view text) {
    for (char c : text)
        if (static_cast<unsigned char>(c) < 32 || c == 127) return false;
    return text::valid_utf8(text);
}

bool is_number(std::string_view text, std::uint64_t most) {
    if (text.empty() || text.size() > 12 || (text.size() > 1 && text[0] == '0')) return false;
    std::uint64_t value = 0;
    for (char c : text) {
        if (!text::is_digit(c)) return false;
        value = value * 10 + static_cast<unsigned>(c - '0');
    }
    return value <= most;
}

bool is_day(std::string_view text) {
    if (text.size() != 10 || text[4] != '-' || text[7] != '-') return false;
    for (std::size_t i : {0, 1, 2, 3, 5, 6, 8, 9})
        if (!text::is_digit(text[i])) return false;
    int month = (text[5] - '0') * 10 + text[6] - '0', day = (text[8] - '0') * 10 + text[9] - '0';
    return month >= 1 && month <= 12 && day >= 1 && day <= 31;
}

std::string check_condition(const Condition& condition) {
    bool text = condition.of <= Of::header;
    bool text_operator = condition.op <= Operator::does_not_end_with;
    if (text != text_operator) return "the operator does not go with what is compared";
    bool presence = condition.op == Operator::present || condition.op == Operator::absent;
    if (!text && presence != (condition.of == Of::attachment))
        return "the operator does not go with what is compared";
    if (condition.of == Of::header ? !is_field_name(condition.header) : !condition.header.empty())
        return "the name of a header field is not one";
    switch (condition.of) {
        case Of::size: return is_number(condition.value, 0xffffffffu) ? "" : "a size is a number of octets";
        case Of::spam_level: return is_number(condition.value, 10) ? "" : "a spam level is 0 to 10";
        case Of::virus_level: return is_number(condition.value, 5) ? "" : "a virus level is 0 to 5";
        case Of::date: return is_day(condition.value) ? "" : "a day is like 2026-11-20";
        case Of::attachment: return condition.value.empty() ? "" : "an attachment has no value";
        default: break;
    }
    if (condition.value.size() > 1000 || !one_line(condition.value)) return "a value is one line of text";
    return "";
}

std::string check_text(std::string_view text, std::size_t most) {
    if (text.size() > most || !text::valid_utf8(text) || text.find('\0') != std::string_view::npos)
        return "the text is too long or no text";
    for (std::size_t at = text.find('\r'); at != text.npos; at = text.find('\r', at + 1))
        if (!text.substr(at + 1).starts_with('\n')) return "a line of the text ends oddly";
    return "";
}

std::string check_action(const RuleAction& action) {
    using Kind = RuleAction::Kind;
    bool reply = action.kind == Kind::reply;
    if (!reply && (!action.subject.empty() || action.days != 7)) return "only a reply has a subject and days";
    switch (action.kind) {
        case Kind::move:
        case Kind::copy:
            return action.value.empty() || action.value.size() > 1000 || !one_line(action.value)
                       ? "the folder has no name"
                       : "";
        case Kind::redirect:
        case Kind::redirect_copy:
            return one_address(action.value) && one_line(action.value) ? "" : "that is no address";
        case Kind::reply:
            if (action.days < 1 || action.days > 45) return "days can be 1 to 45";
            if (!one_line(action.subject) || action.subject.size() > 900) return "a subject is one line";
            return check_text(action.value, 100'000);
        case Kind::reject: return check_text(action.value, 100'000);
        default: return action.value.empty() ? "" : "this action has no value";
    }
}

std::string check_absence(const Absence& absence) {
    if (!absence.internal && !absence.external) return "an answer for absence needs a text";
    if (absence.internal && absence.own_domains.empty()) return "an answer for inside needs domains";
    if (absence.days < 1 || absence.days > 45) return "days can be 1 to 45";
    for (const auto* day : {&absence.from, &absence.until})
        if (!day->empty() && !is_day(*day)) return "a day is like 2026-11-20";
    for (const auto* answer : {&absence.internal, &absence.external}) {
        if (!*answer) continue;
        if (!one_line((*answer)->subject) || (*answer)->subject.size() > 900) return "a subject is one line";
        if (std::string wrong = check_text((*answer)->text, 100'000); !wrong.empty()) return wrong;
    }
    if (absence.own_domains.size() > 1000 || absence.addresses.size() > 100)
        return "too many domains or addresses";
    for (const std::string& domain : absence.own_domains)
        if (domain.empty() || !one_line(domain)) return "a domain needs a name";
    for (const std::string& address : absence.addresses)
        if (!one_address(address)) return "that is no address";
    return "";
}

}  // namespace

std::string check_rules(const RuleSet& rules) {
    if (rules.rules.size() > max_rules) return fmt::format("more than {} rules", max_rules);
    if (rules.absence)
        if (std::string wrong = check_absence(*rules.absence); !wrong.empty()) return wrong;
    for (const Rule& rule : rules.rules) {
        auto in_rule = [&](std::string_view wrong) {
            return fmt::format("rule \"{}\": {}", rule.name, wrong);
        };
        if (rule.name.size() > 200 || !one_line(rule.name) || text::trim(rule.name) != rule.name)
            return "the name of a rule is one line";
        if (rule.conditions.size() > max_conditions || rule.actions.size() > max_conditions)
            return in_rule("too many conditions or actions");
        if (rule.conditions.empty() && !rule.all) return in_rule("any of no conditions is never");
        if (rule.actions.empty() && !rule.stop) return in_rule("it does nothing");
        std::size_t replies = 0, rejects = 0;
        for (const Condition& condition : rule.conditions)
            if (std::string wrong = check_condition(condition); !wrong.empty()) return in_rule(wrong);
        for (const RuleAction& action : rule.actions) {
            if (std::string wrong = check_action(action); !wrong.empty()) return in_rule(wrong);
            replies += action.kind == RuleAction::Kind::reply ? 1 : 0;
            rejects += action.kind == RuleAction::Kind::reject ? 1 : 0;
        }
        // filters.md §4: vacation once, reject alone.
        if (replies > 1) return in_rule("one reply is enough");
        if (rejects > 0 && rule.actions.size() > 1)
            return in_rule("what is rejected cannot have other actions");
    }
    return "";
}

std::string write_rules(const RuleSet& rules) {
    return Writer{}.run(rules);
}

}  // namespace postrider::sieve
