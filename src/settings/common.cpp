#include "settings/common.h"

namespace postrider::settings {

namespace {

using L = ConnectionLimits;

struct LimitRows {
    Setting<L> all[6];
};

/// @param of_rule  0 is no limit everywhere; else only where an interval counts
constexpr LimitRows limit_rows(bool of_rule) {
    const std::int64_t least = of_rule ? 0 : 1;
    return {{
        {.name = "maxConnections",
         .field = field<&L::max_connections>,
         .range = {least, 1'000'000},
         .help = of_rule ? "Connections open at once; 0 for no limit." : "Connections open at once.",
         .scope = Scope::listener},
        {.name = "maxIntervalConnections",
         .field = field<&L::max_interval_connections>,
         .range = {0, 100'000},
         .help = "New connections within timeInterval; 0 for no limit.",
         .scope = Scope::listener},
        {.name = "timeInterval",
         .field = field<&L::time_interval>,
         .range = {30, 86'400},
         .help = "How long maxIntervalConnections counts.",
         .unit = "s",
         .scope = Scope::listener,
         .zero_too = of_rule},
        {.name = "peerMaxConnections",
         .field = field<&L::peer_max_connections>,
         .range = {least, 1'000'000},
         .help = of_rule ? "Connections open at once from one address; 0 for no limit."
                         : "Connections open at once from one address.",
         .scope = Scope::listener},
        {.name = "peerMaxIntervalConnections",
         .field = field<&L::peer_max_interval_connections>,
         .range = {0, 100'000},
         .help = "New connections from one address within peerTimeInterval; 0 for no limit.",
         .scope = Scope::listener},
        {.name = "peerTimeInterval",
         .field = field<&L::peer_time_interval>,
         .range = {30, 86'400},
         .help = "How long peerMaxIntervalConnections counts.",
         .unit = "s",
         .scope = Scope::listener,
         .zero_too = of_rule},
    }};
}
constexpr LimitRows limits_of_listener = limit_rows(false), limits_of_rule = limit_rows(true);

constexpr Setting<AllowRule> allow_rows[] = {
    {.name = "ipSet",
     .field = field<&AllowRule::ip_set>,
     .help = "Whom the rule is about.",
     .format = Format::ip_set,
     .scope = Scope::listener,
     .required = true},
    {.name = "enable",
     .field = field<&AllowRule::enable>,
     .help = "Without yes the rule does not count.",
     .scope = Scope::listener},
    {.name = "priority",
     .field = field<&AllowRule::priority>,
     .range = {1, 1000},
     .help = "1 counts most. Where an allow and a deny rule match, the lower number wins; at a tie, allow.",
     .scope = Scope::listener},
    {.field = inlined<&AllowRule::limits, rule_limits_table>},
};

constexpr Setting<DenyRule> deny_rows[] = {
    {.name = "ipSet",
     .field = field<&DenyRule::ip_set>,
     .help = "Whom the rule is about.",
     .format = Format::ip_set,
     .scope = Scope::listener,
     .required = true},
    {.name = "enable",
     .field = field<&DenyRule::enable>,
     .help = "Without yes the rule does not count.",
     .scope = Scope::listener},
    {.name = "priority",
     .field = field<&DenyRule::priority>,
     .range = {1, 1000},
     .help = "1 counts most. Where an allow and a deny rule match, the lower number wins; at a tie, allow.",
     .scope = Scope::listener},
};

constexpr Setting<AccessRules> access_rules_rows[] = {
    {.name = "allowRules",
     .field = object_set<&AccessRules::allow, allow_rule_table>,
     .range = {0, 10'000},
     .help = "Whose connections are taken, and within which limits.",
     .scope = Scope::listener},
    {.name = "denyRules",
     .field = object_set<&AccessRules::deny, deny_rule_table>,
     .range = {0, 10'000},
     .help = "Whose connections are closed at once.",
     .scope = Scope::listener},
};

constexpr Setting<AccessControl> access_control_rows[] = {
    {.field = inlined<&AccessControl::limits, rule_limits_table>},
    {.field = inlined<&AccessControl::rules, access_rules_table>},
};

}  // namespace

TableOf<ConnectionLimits> limits_table() {
    return {limits_of_listener.all, "limits", "How many connections are taken."};
}
TableOf<ConnectionLimits> rule_limits_table() {
    return {limits_of_rule.all, "limits", "How many connections are taken."};
}
TableOf<AllowRule> allow_rule_table() {
    return {allow_rows, "allowRule", "Lets addresses in."};
}
TableOf<DenyRule> deny_rule_table() {
    return {deny_rows, "denyRule", "Keeps addresses out."};
}
TableOf<AccessRules> access_rules_table() {
    return {access_rules_rows, "accessRules", "Who may connect."};
}
TableOf<AccessControl> access_control_table() {
    return {access_control_rows, "serviceAccessControl",
            "Limits and rules for connections that no listener's rule matched."};
}

}  // namespace postrider::settings
