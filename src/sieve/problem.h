#pragma once

#include <cstdint>
#include <string>

namespace postrider::sieve {

/// What kind of mistake it is; people see the kind in front of its text.
enum class ProblemKind : std::uint8_t {
    syntax,      ///< no token of the language (RFC 5228 §8.1)
    parse,       ///< tokens that make no command (§8.2), or too much of something
    semantic,    ///< an unknown or misplaced command, test, tag or extension
    validation,  ///< a value that cannot be: an address, a number, a pattern, a name
    runtime,     ///< found only with a message at hand
    warning,     ///< the script runs, but probably not as it is meant
};

/// One finding about a script.
struct Problem {
    ProblemKind kind = ProblemKind::syntax;
    std::uint32_t line = 0;    ///< from 1; 0 when it is about the script as a whole
    std::uint32_t column = 0;  ///< from 1, octets
    std::string text;          ///< one line, UTF-8

    /// "[Parse Error] line 3, column 7: ..."
    std::string shown() const;
};

}  // namespace postrider::sieve
