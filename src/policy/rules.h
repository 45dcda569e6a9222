#pragma once

#include <expected>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "policy/methods.h"
#include "policy/script.h"

/// Policies as a page of settings and a table of rules, and the script that says the same. Methods that the
/// settings write begin with "WA_"; a rule becomes a method of its own name, which the earliest event calls
/// that knows all the rule looks at. A rule that is not enabled is a method that nobody calls.
namespace postrider::policy {

struct RuleCondition {
    std::string variable;  ///< predefined, or "header_Name"
    Comparator comparator = Comparator::is;
    bool negated = false;  ///< "is not", "does not contain", ...
    std::string value;
    friend bool operator==(const RuleCondition&, const RuleCondition&) = default;
};

struct RuleAction {
    std::string kind;                    ///< a name of action_kinds()
    std::vector<std::string> arguments;  ///< as many as the kind has
    friend bool operator==(const RuleAction&, const RuleAction&) = default;
};

struct Rule {
    enum class Match : std::uint8_t { every_mail, any, all };
    std::string name;  ///< letters, digits, "_", "-", "."; no predefined method, not beginning with "WA_"
    bool enabled = true;
    Match match = Match::any;
    std::vector<RuleCondition> conditions;  ///< none with every_mail, at least one else
    std::vector<RuleAction> actions;
    friend bool operator==(const Rule&, const Rule&) = default;
};

/// One action that the wizard offers.
struct ActionKind {
    std::string_view name, label;
    std::vector<std::pair<Var, std::string_view>> fixed;  ///< set to these values
    std::vector<Var> arguments;                           ///< set to what the administrator says
    std::optional<Method> call;
};
const std::vector<ActionKind>& action_kinds();
const ActionKind* find_action(std::string_view name);

/// Conditions that the wizard offers, by family.
struct ConditionKind {
    std::string_view family, label;
    std::string_view variable;  ///< "header_" takes the field's name behind it
    std::vector<Comparator> comparators;
};
const std::vector<ConditionKind>& condition_kinds();

/// A page of plain settings, which becomes one method.
struct Page {
    std::string_view method;
    Event event;
    std::vector<Var> variables;
};
const std::vector<Page>& pages();

/// What becomes of mail for which a check fails.
enum class Verdict : std::uint8_t { nothing, accept, reject, tmpreject };

struct RelayException {
    std::string addresses;  ///< a set of addresses
    bool allow = true;
    friend bool operator==(const RelayException&, const RelayException&) = default;
};

struct RuleModel {
    /// Method of pages() -> what it sets. A variable that is not named keeps what the configuration says.
    std::map<std::string, std::map<Var, std::string>> settings;
    std::vector<RelayException> relay_exceptions;  ///< the first that matches wins

    struct Spf {
        Verdict fail{}, error{}, none{};
        friend bool operator==(const Spf&, const Spf&) = default;
    };
    Spf spf, spf_ehlo;  ///< of the sender's domain; of the host that the client claims to be
    Verdict reverse_dns{}, sender_mx{};
    std::string excluded;  ///< addresses for which none of these checks counts

    enum class Countries : std::uint8_t { off, allow, ban };
    Countries countries{};
    std::string country_codes, country_excluded;

    std::string temporary_ndr_after;  ///< attempts after which the sender is told; "" = never

    std::vector<Rule> rules;
    friend bool operator==(const RuleModel&, const RuleModel&) = default;
};

/// The event that calls a rule, or why there is none (a sentence without a full stop).
std::expected<Event, std::string> event_of(const Rule& rule);

/// The script; or what is wrong with the model.
std::expected<Script, std::vector<std::string>> to_script(const RuleModel& model);

/// The model that to_script() makes this script of, comments apart; or why the script says what no model can.
std::expected<RuleModel, std::vector<std::string>> to_model(const Script& script);

}  // namespace postrider::policy
