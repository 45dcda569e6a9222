#include "net/gate.h"

namespace postrider::net {

std::expected<std::shared_ptr<AccessLevel>, std::string> AccessLevel::create(
    const settings::AccessRules& rules, const settings::ConnectionLimits& limits, const Clock& clock) {
    std::shared_ptr<AccessLevel> level{new AccessLevel{limits, clock}};
    level->rules_ = std::make_shared<const Rules>();
    if (auto loaded = level->reload(rules, limits); !loaded) return std::unexpected(loaded.error());
    return level;
}

std::expected<void, std::string> AccessLevel::reload(const settings::AccessRules& rules,
                                                     const settings::ConnectionLimits& limits) {
    auto access = AccessRules::compile(rules);
    if (!access) return std::unexpected(access.error());
    auto fresh = std::make_shared<Rules>();
    fresh->access = std::move(*access);
    fresh->allow = rules.allow;
    const auto old = this->rules();
    for (const settings::AllowRule& rule : rules.allow) {
        std::shared_ptr<FlowControl> flow;
        for (std::size_t i = 0; i < old->allow.size() && !flow; ++i)
            if (old->allow[i].ip_set == rule.ip_set && old->allow[i].priority == rule.priority)
                flow = old->flows[i];
        if (flow)
            flow->change_limits(rule.limits);
        else
            flow = FlowControl::create(rule.limits, clock_);
        fresh->flows.push_back(std::move(flow));
    }
    flow_->change_limits(limits);
    std::lock_guard lock{mutex_};
    rules_ = std::move(fresh);
    return {};
}

std::shared_ptr<const AccessLevel::Rules> AccessLevel::rules() const {
    std::lock_guard lock{mutex_};
    return rules_;
}

std::expected<Gate::Ticket, std::string> Gate::admit(const std::string& text_ip) const {
    using Kind = AccessRules::Verdict::Kind;
    if (text_ip.empty()) return Ticket{};
    const auto ip = settings::parse_ip(text_ip);
    if (!ip) return std::unexpected("'" + text_ip + "' is not an address");
    if (bouncer_)
        if (auto why = bouncer_->refuse(*ip)) return std::unexpected(std::move(*why));

    std::vector<FlowControl::Ticket> places;
    places.reserve(4);
    const AccessLevel* decided = nullptr;
    for (const auto& level : levels_) {
        if (!level || decided) continue;
        const auto rules = level->rules();
        const auto verdict = rules->access.decide(*ip);
        if (verdict.kind == Kind::no_rule) continue;
        if (verdict.kind == Kind::deny) return std::unexpected("denied by rule");
        decided = level.get();
        auto place = rules->flows[verdict.rule]->admit(*ip);
        if (!place) return std::unexpected(std::string{text(place.error())} + ", by rule");
        places.push_back(std::move(*place));
    }
    for (const auto& level : levels_) {
        if (!level) continue;
        if (level != levels_[0] && decided && decided == levels_[0].get()) break;
        const auto scope = level.get() == decided ? FlowControl::Scope::total : FlowControl::Scope::all;
        auto place = level->flow_->admit(*ip, scope);
        if (!place) return std::unexpected(std::string{text(place.error())});
        places.push_back(std::move(*place));
    }
    return std::make_shared<std::vector<FlowControl::Ticket>>(std::move(places));
}

}  // namespace postrider::net
