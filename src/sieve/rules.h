#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What a wizard shows of a script: rules of conditions and actions, and an answer for absence. The wizard's
/// scripts are ordinary Sieve; what people write by hand stays theirs.
namespace postrider::sieve {

struct Condition {
    enum class Of : std::uint8_t {
        subject,
        from,
        to,
        cc,
        to_or_cc,
        header,
        size,
        spam_level,
        virus_level,
        date,
        attachment
    };
    enum class Operator : std::uint8_t {
        contains,
        does_not_contain,
        matches,  ///< "*" and "?"
        does_not_match,
        is,
        is_not,
        begins_with,
        does_not_begin_with,
        ends_with,
        does_not_end_with,
        at_least,  ///< size (more octets than), levels, date (on or after)
        at_most,   ///< size (fewer octets than), levels, date (on or before)
        present,   ///< attachment
        absent,
    };
    Of of = Of::subject;
    Operator op = Operator::contains;
    std::string header;  ///< name of the field, for `header` only
    std::string value;   ///< text; a number; "2026-11-20"

    friend bool operator==(const Condition&, const Condition&) = default;
};

struct RuleAction {
    enum class Kind : std::uint8_t {
        move,
        copy,
        redirect,
        redirect_copy,
        discard,
        reject,
        reply,
        keep,
        mark_read,
        flag
    };
    Kind kind = Kind::keep;
    std::string value;    ///< folder, address, or text
    std::string subject;  ///< of a reply; "" = that of the message
    unsigned days = 7;    ///< of a reply

    friend bool operator==(const RuleAction&, const RuleAction&) = default;
};

struct Rule {
    std::string name;  ///< one line
    bool enabled = true;
    bool all = true;                    ///< ALL of the conditions; otherwise ANY
    std::vector<Condition> conditions;  ///< none: every message
    std::vector<RuleAction> actions;
    bool stop = true;  ///< rules below are not looked at

    friend bool operator==(const Rule&, const Rule&) = default;
};

/// An answer while somebody is away.
struct Absence {
    struct Answer {
        std::string subject;  ///< "" = "Auto: " and that of the message
        std::string text;
        friend bool operator==(const Answer&, const Answer&) = default;
    };
    bool enabled = true;
    std::string from, until;               ///< first and last day, "2026-11-20"; "" = open
    unsigned days = 7;                     ///< until the same sender gets another one, 1-45
    std::vector<std::string> own_domains;  ///< whose senders get `internal`
    std::optional<Answer> internal;        ///< null: they get none (without own_domains: not used)
    std::optional<Answer> external;        ///< everybody else; null: they get none
    std::vector<std::string> addresses;    ///< further addresses of the owner

    friend bool operator==(const Absence&, const Absence&) = default;
};

struct RuleSet {
    std::optional<Absence> absence;
    std::vector<Rule> rules;  ///< the first has the highest priority

    friend bool operator==(const RuleSet&, const RuleSet&) = default;
};

constexpr std::size_t max_rules = 500;
constexpr std::size_t max_conditions = 50;  ///< of a rule; actions the same

/// What cannot be made a script of: a sentence for people; "" when all can.
std::string check_rules(const RuleSet& rules);

/// The script. `rules` must have passed check_rules().
std::string write_rules(const RuleSet& rules);

/// The rules of a script that write_rules() has made; nullopt when somebody has written or changed it by
/// hand.
std::optional<RuleSet> read_rules(std::string_view script);

}  // namespace postrider::sieve
