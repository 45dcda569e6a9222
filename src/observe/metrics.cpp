#include "observe/metrics.h"

#include <algorithm>

namespace postrider::observe {

namespace {

template <class Named>
auto& find_or_add(std::deque<Named>& all, std::string_view name, std::string_view help) {
    for (Named& one : all) {
        if (one.name == name) return one.metric;
    }
    return all.emplace_back(name, help).metric;
}

}  // namespace

Counter& Metrics::counter(std::string_view name, std::string_view help) {
    std::lock_guard lock{mutex_};
    return find_or_add(counters_, name, help);
}

Gauge& Metrics::gauge(std::string_view name, std::string_view help) {
    std::lock_guard lock{mutex_};
    return find_or_add(gauges_, name, help);
}

std::vector<Metric> Metrics::list() const {
    std::vector<Metric> all;
    {
        std::lock_guard lock{mutex_};
        for (const auto& one : counters_) {
            all.push_back(
                {one.name, one.help, Metric::Kind::counter, static_cast<std::int64_t>(one.metric.value())});
        }
        for (const auto& one : gauges_) {
            all.push_back({one.name, one.help, Metric::Kind::gauge, one.metric.value()});
        }
    }
    std::sort(all.begin(), all.end(), [](const Metric& a, const Metric& b) { return a.name < b.name; });
    return all;
}

}  // namespace postrider::observe
