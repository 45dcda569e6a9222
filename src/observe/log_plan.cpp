#include "observe/log_plan.h"

#include <algorithm>

namespace postrider::observe {

namespace {

bool matches(std::string_view pattern, std::string_view text) {
    auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    return pattern == "*"
           || std::equal(pattern.begin(), pattern.end(), text.begin(), text.end(),
                         [&](char a, char b) { return lower(a) == lower(b); });
}

}  // namespace

Plan::Plan(LogOptions options) : options_{std::move(options)}, remote_{parse_endpoint(options_.remote)} {
    std::stable_sort(options_.rules.begin(), options_.rules.end(),
                     [](const LogRule& a, const LogRule& b) { return a.priority < b.priority; });
    for (LogRule& rule : options_.rules) {
        // A log file lies in the log directory, whatever its name says.
        std::replace(rule.file.begin(), rule.file.end(), '/', '_');
        if (rule.file.empty() || rule.file == "." || rule.file == "..") rule.file = "default.txt";
    }
}

const LogRule* Plan::rule(std::string_view host, std::string_view module) const {
    for (const LogRule& rule : options_.rules) {
        if (matches(rule.host, host) && matches(rule.module, module)) return &rule;
    }
    return nullptr;
}

Route Plan::remote_route(std::string_view host, std::string_view module) const {
    Route route;
    route.rule = rule(host, module);
    if (route.rule != nullptr && route.rule->destination == Destination::remote) route.endpoint = remote_;
    return route;
}

Route Plan::route(std::string_view module, const ProducerOptions& producer) const {
    if (producer.type == LogType::internal) return remote_route(options_.host, module);
    Route route;
    route.type = producer.type;
    if (producer.type == LogType::remote) route.endpoint = parse_endpoint(producer.remote);
    return route;
}

LevelMask Plan::mask(std::string_view module, const ProducerOptions& producer) const {
    auto mask = static_cast<LevelMask>(producer.levels & all_levels);
    if (producer.type != LogType::internal) return mask;
    const LogRule* first = rule(options_.host, module);
    return first == nullptr ? LevelMask{0} : static_cast<LevelMask>(mask & first->levels);
}

}  // namespace postrider::observe
