#include "result.h"

#include <fmt/core.h>
#include <sys/resource.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

namespace postrider::bench {

void Result::key(std::string_view name) {
    if (!fields_.empty()) fields_ += ", ";
    fields_ += fmt::format("\"{}\": ", name);
}

void Result::add(std::string_view name, std::string_view value) {
    key(name);
    fields_ += '"';
    for (char c : value) {
        if (c == '"' || c == '\\') fields_ += '\\';
        fields_ += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
    }
    fields_ += '"';
}

void Result::add(std::string_view name, double value) {
    key(name);
    fields_ += std::isfinite(value) ? fmt::format("{:.6g}", value) : "null";
}

void Result::add(std::string_view name, std::uint64_t value) {
    key(name);
    fields_ += fmt::format("{}", value);
}

void Latencies::report(Result& result, std::string_view prefix) {
    std::sort(values_.begin(), values_.end());
    auto quantile = [this](double q) {
        if (values_.empty()) return std::nan("");
        auto index = static_cast<std::size_t>(q * static_cast<double>(values_.size()));
        return static_cast<double>(values_[std::min(index, values_.size() - 1)]) / 1000.0;
    };
    result.add(fmt::format("{}_count", prefix), std::uint64_t{values_.size()});
    result.add(fmt::format("{}_p50_ms", prefix), quantile(0.5));
    result.add(fmt::format("{}_p90_ms", prefix), quantile(0.9));
    result.add(fmt::format("{}_p99_ms", prefix), quantile(0.99));
    result.add(fmt::format("{}_p999_ms", prefix), quantile(0.999));
    result.add(fmt::format("{}_max_ms", prefix), quantile(1.0));
}

double own_cpu_seconds() {
    rusage usage{};
    getrusage(RUSAGE_SELF, &usage);
    auto seconds = [](const timeval& t) {
        return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6;
    };
    return seconds(usage.ru_utime) + seconds(usage.ru_stime);
}

void Phases::mark(std::string_view name) const {
    if (!enabled_) return;
    fmt::print("{{\"phase\": \"{}\"}}\n", name);
    std::fflush(stdout);
    for (int c = std::getchar(); c != '\n' && c != EOF; c = std::getchar()) {
    }
}

}  // namespace postrider::bench
