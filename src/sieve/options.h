#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "sieve/extensions.h"

namespace postrider::sieve {

/// How large a script may be. What is beyond is a parse error.
struct CompileLimits {
    std::uint32_t max_script = 1u << 20;  ///< octets
    std::uint32_t max_depth = 32;         ///< blocks and tests inside each other
    std::uint32_t max_commands = 20'000;  ///< commands and tests together, included scripts as well
    std::uint32_t max_list = 5'000;       ///< strings in one list
    std::uint32_t max_string = 1u << 20;  ///< octets of one string
    std::uint32_t max_errors = 20;        ///< then no more are looked for
    std::uint32_t max_includes = 255;     ///< include commands, those of included scripts as well
    std::uint32_t max_include_depth = 10;
    std::uint32_t max_variable_name = 64;
    std::uint32_t max_variables = 255;  ///< of one script
    std::uint32_t max_regex_memory = 1u << 20;
};

/// Where an included script is looked for (RFC 6609 §3.2).
enum class Location : std::uint8_t { personal, global };

/// The text of a script, or nullopt when there is none of that name.
using FindScript = std::function<std::optional<std::string>(Location where, const std::string& name)>;

struct Options {
    ExtensionSet allowed = all_extensions();
    /// The stricter limits of filters.md §4: RFC 3028 address headers, at most one vacation, days 1-45,
    /// `:count` with one value, duplicate actions are told.
    bool compatible = false;
    CompileLimits limits;
    /// Scripts are bound together when they are compiled. Without this, `include` finds nothing.
    FindScript find_script;
    /// A script that is missing is an error at once; otherwise when its include is reached (RFC 6609 §3.2 asks
    /// for that when a script is uploaded).
    bool includes_must_exist = false;
};

/// What one run may use. What is beyond is a runtime error: the message is kept.
struct RunLimits {
    std::uint32_t max_steps = 200'000;     ///< commands and tests; each costs about a tenth of a microsecond
    std::uint64_t max_work = 1ull << 28;   ///< octets compared, searched, made: bounds CPU time to about a second
    std::uint32_t max_actions = 32;        ///< the implicit keep not counted
    std::uint32_t max_redirects = 4;       ///< filters.md asks for a bound; RFC 5228 §10 too
    std::uint32_t max_notifies = 8;
    std::uint32_t max_variable = 4'000;    ///< octets of a value, longer ones are cut (RFC 5229 §6)
    std::uint32_t max_header = 8'000;      ///< octets of a field that addheader makes
    std::uint32_t max_versions = 16;       ///< different texts of an edited message
    std::uint32_t max_trace = 500;         ///< lines
    bool trace_tests = false;              ///< each test that held gets a line, not only each action
};

}  // namespace postrider::sieve
