#pragma once

#include <atomic>
#include <cstdint>
#include <deque>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

/// Numbers that a running server shows: for reports, SNMP and Prometheus.
namespace postrider::observe {

/// Only grows. Adding is one relaxed atomic operation; any thread may add.
class alignas(64) Counter {
public:
    void add(std::uint64_t by = 1) noexcept { value_.fetch_add(by, std::memory_order_relaxed); }
    std::uint64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

private:
    std::atomic<std::uint64_t> value_{0};
};

/// Goes up and down: open sessions, bytes in a cache.
class alignas(64) Gauge {
public:
    void set(std::int64_t value) noexcept { value_.store(value, std::memory_order_relaxed); }
    void add(std::int64_t by = 1) noexcept { value_.fetch_add(by, std::memory_order_relaxed); }
    void sub(std::int64_t by = 1) noexcept { value_.fetch_sub(by, std::memory_order_relaxed); }
    std::int64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

private:
    std::atomic<std::int64_t> value_{0};
};

struct Metric {
    enum class Kind { counter, gauge };
    std::string name;
    std::string help;
    Kind kind = Kind::counter;
    std::int64_t value = 0;
};

/// All metrics of one server. Names are dotted, lower case, the room first: "smtp.sessions.open".
/// What counter() and gauge() return lives as long as the registry: look it up once and keep the reference.
class Metrics {
public:
    Metrics() = default;
    Metrics(const Metrics&) = delete;
    Metrics& operator=(const Metrics&) = delete;

    /// The counter of that name, made at the first call. The first help text stays.
    Counter& counter(std::string_view name, std::string_view help);
    Gauge& gauge(std::string_view name, std::string_view help);

    /// A reading of every metric, sorted by name.
    std::vector<Metric> list() const;

private:
    template <class T>
    struct Named {
        Named(std::string_view n, std::string_view h) : name{n}, help{h} {}
        std::string name;
        std::string help;
        T metric;
    };
    mutable std::mutex mutex_;
    std::deque<Named<Counter>> counters_;  // a deque never moves what it holds
    std::deque<Named<Gauge>> gauges_;
};

}  // namespace postrider::observe
