#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "base/clock.h"

/// Where log lines go, as values; the configuration file's `log` section fills them.
namespace postrider::observe {

enum class Rotate : std::uint8_t { none, day, week, month };  ///< a week begins on Monday
enum class Destination : std::uint8_t { local, remote };

/// One row of the log rules. The rule with the lowest priority number whose host and module match takes a
/// line, and no other one; what is stored is the producer's level mask AND the rule's.
struct LogRule {
    unsigned priority = 1000;
    std::string host = "*";    ///< "*" or a host name, matched without regard to case
    std::string module = "*";  ///< "*" or a module name
    unsigned levels = 15;
    std::string file = "default.txt";         ///< below the log directory
    std::uint64_t file_size_kb = 5120;        ///< 0: 2 GB
    std::chrono::seconds file_time = 86400s;  ///< 0: unlimited
    unsigned file_count = 0;                  ///< old files that are kept; 0: all
    Rotate rotate = Rotate::none;
    Destination destination = Destination::local;

    bool operator==(const LogRule&) const = default;
};

/// What takes every line that no other rule takes.
inline LogRule catch_all_rule() {
    LogRule rule;
    rule.levels = 31;
    return rule;
}

enum class LogType : std::uint8_t { internal, system, remote };

/// What a service says about its own lines.
struct ProducerOptions {
    LogType type = LogType::internal;
    unsigned levels = 15;
    std::string remote = "127.0.0.1:2000";  ///< IP:port, for LogType::remote

    bool operator==(const ProducerOptions&) const = default;
};

}  // namespace postrider::observe
