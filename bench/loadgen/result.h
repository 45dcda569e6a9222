#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace postrider::bench {

/// The one line of JSON that a run prints.
class Result {
public:
    void add(std::string_view name, std::string_view value);
    void add(std::string_view name, double value);
    void add(std::string_view name, std::uint64_t value);
    std::string line() const { return "{" + fields_ + "}"; }

private:
    void key(std::string_view name);
    std::string fields_;
};

/// Durations in microseconds, kept whole: a run has at most a few million.
class Latencies {
public:
    void add(double microseconds) { values_.push_back(static_cast<float>(microseconds)); }
    std::size_t count() const { return values_.size(); }
    /// Adds PREFIX_p50_ms, _p90_, _p99_, _p999_, _max_ and PREFIX_count.
    void report(Result& result, std::string_view prefix);

private:
    std::vector<float> values_;
};

/// User and system time this process has used, in seconds.
double own_cpu_seconds();

/// Tells the runner that the measured part begins or ends, so that it can read the server's counters just
/// there. With --phases the line `{"phase": NAME}` is printed and a line on standard input is awaited.
class Phases {
public:
    explicit Phases(bool enabled) : enabled_{enabled} {}
    void mark(std::string_view name) const;

private:
    bool enabled_;
};

}  // namespace postrider::bench
