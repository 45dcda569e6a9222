#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace postrider::bench {

using Clock = std::chrono::steady_clock;

/// What stands on the command line: a mode, then pairs of `--name value` (a name alone means "1").
class Options {
public:
    /// Exits with a usage message if the arguments are not of that form.
    Options(int argc, char** argv);

    const std::string& mode() const { return mode_; }
    std::string text(std::string_view name, std::string_view otherwise = {}) const;
    std::int64_t number(std::string_view name, std::int64_t otherwise) const;
    double real(std::string_view name, double otherwise) const;
    bool flag(std::string_view name) const { return number(name, 0) != 0; }
    std::uint16_t port(std::string_view name) const;

    /// Exits with a message if an option was given that the mode never asked for: a misspelt option must
    /// not pass as a measurement.
    void reject_unused() const;

private:
    const std::string* find(std::string_view name) const;

    std::string mode_;
    std::map<std::string, std::string, std::less<>> values_;
    mutable std::map<std::string, bool, std::less<>> used_;
};

}  // namespace postrider::bench
