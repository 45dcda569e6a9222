#include "net/access.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace postrider::net {

std::expected<AccessRules, std::string> AccessRules::compile(const settings::AccessRules& rules) {
    AccessRules out;
    const std::string* wrong = nullptr;
    const auto add = [&](std::vector<Rule>& to, const auto& from) {
        for (std::size_t i = 0; i < from.size(); ++i) {
            if (!from[i].enable) continue;
            if (const auto set = settings::parse_ip_set(from[i].ip_set))
                to.push_back({*set, from[i].priority, i});
            else
                wrong = &from[i].ip_set;
        }
        std::ranges::sort(to, {}, [](const Rule& rule) { return std::pair{rule.priority, rule.index}; });
    };
    add(out.allow_, rules.allow);
    add(out.deny_, rules.deny);
    if (wrong) return std::unexpected(fmt::format("'{}' is not an IP set", *wrong));
    return out;
}

AccessRules::Verdict AccessRules::decide(const settings::Ip& ip) const {
    const auto first = [&](const std::vector<Rule>& rules) {
        return std::ranges::find_if(rules, [&](const Rule& rule) { return rule.set.has(ip); });
    };
    const auto allow = first(allow_);
    const auto deny = first(deny_);
    if (deny != deny_.end() && (allow == allow_.end() || deny->priority < allow->priority))
        return {Verdict::Kind::deny, deny->index};
    if (allow != allow_.end()) return {Verdict::Kind::allow, allow->index};
    return {};
}

}  // namespace postrider::net
