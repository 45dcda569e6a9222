#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "sieve/script.h"
#include "sieve/sieve.h"
#include "sieve/text_template.h"
#include "sieve/tree.h"

namespace postrider::sieve {

constexpr std::size_t max_match_values = 31;  ///< ${1} to ${31}; RFC 5229 §3.2 asks for nine

/// A runtime error: leaves the script at once, caught in run().
struct RunError {
    std::string text;
};

/// A script while it runs on one message.
class Machine {
public:
    Machine(const Script& script, Message& message, Environment& environment, const RunLimits& limits);

    Message& message() { return *message_; }
    void read(Message& message) { message_ = &message; }  ///< another one from here on
    Environment& environment() { return environment_; }
    const RunLimits& limits() const { return limits_; }
    const Script& script() const { return script_; }
    Result& result() { return result_; }

    // Control.
    enum class Flow : std::uint8_t { go, stop, leave_unit, leave_loop };
    void run(const Block& block);
    void run_unit(const Unit& unit);
    Flow flow() const { return flow_; }
    void set_flow(Flow flow) { flow_ = flow; }
    bool holds(const TestNode& test);
    std::uint32_t line() const { return line_; }
    [[noreturn]] void fail(std::string text) const { throw RunError{std::move(text)}; }
    void work(std::uint64_t octets) const;
    void trace(std::string text);
    bool tracing() const { return limits_.trace_tests; }
    void warn(std::string text);

    // Variables. RFC 5229.
    std::string_view local(std::uint32_t index) const;
    std::string_view global(std::uint32_t index) const { return globals_[index]; }
    std::string_view match_value(std::uint32_t index) const;
    void set_local(std::uint32_t index, std::string value);
    void set_global(std::uint32_t index, std::string value);
    void set_match_values(std::vector<std::string> values) { match_values_ = std::move(values); }
    void cut(std::string& value) const;  ///< to max_variable, not inside a character

    // Parts. RFC 5703.
    std::optional<std::size_t> part() const;  ///< that the innermost loop is at
    struct Loop {
        std::string name;
        std::size_t part = 0;
    };
    std::vector<Loop>& loops() { return loops_; }
    std::size_t leave_to = 0;  ///< number of loops that stay when flow is leave_loop

    // Actions.
    Flags& flags() { return flags_; }
    void change_flags() { flags_changed_ = true; }
    void cancel_keep() { result_.implicit_keep = false; }
    void act(Action::What what);
    void mark(std::string key, std::chrono::seconds lifetime);
    bool once(const void* what);  ///< the first time that it is asked for this

    bool in_list(std::string_view list, std::string_view value);
    const std::vector<std::string>& own_addresses();
    const std::string& delimiters();

    bool vacation_done = false;
    std::uint32_t include_depth = 0;

    Result finish();
    Result finish_with(std::string error);

private:
    const Script& script_;
    Message* message_;
    Environment& environment_;
    const RunLimits& limits_;
    Result result_;
    Flow flow_ = Flow::go;
    std::uint32_t line_ = 0;
    mutable std::uint64_t work_ = 0;
    std::vector<std::vector<std::string>> frames_;
    std::vector<std::string> globals_;
    std::vector<std::string> match_values_;
    std::vector<Loop> loops_;
    Flags flags_;
    bool flags_changed_ = false;
    std::uint32_t redirects_ = 0, notifies_ = 0;
    std::vector<const void*> done_;
    std::optional<std::vector<std::string>> own_addresses_;
    std::optional<std::string> delimiters_;
};

}  // namespace postrider::sieve
