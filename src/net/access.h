#pragma once

#include <expected>
#include <string>
#include <vector>

#include "settings/address.h"
#include "settings/common.h"

namespace postrider::net {

/// The access rules of one level (listener, service or server), ready to be asked. Immutable.
class AccessRules {
public:
    struct Verdict {
        enum class Kind { no_rule, allow, deny } kind = Kind::no_rule;
        std::size_t rule = 0;  ///< allow: index of the rule in settings::AccessRules::allow
    };

    AccessRules() = default;
    /// Rules that are not enabled are left out. The error names an IP set that cannot be read.
    static std::expected<AccessRules, std::string> compile(const settings::AccessRules& rules);

    /// The matching deny and the matching allow rule with the lowest priority number each: the lower number
    /// wins, and at the same number the connection is accepted.
    Verdict decide(const settings::Ip& ip) const;

private:
    struct Rule {
        settings::IpSet set;
        unsigned priority;
        std::size_t index;
    };
    std::vector<Rule> allow_;  ///< both by priority, then as written
    std::vector<Rule> deny_;
};

}  // namespace postrider::net
