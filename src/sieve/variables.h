#pragma once

#include <optional>
#include <string>
#include <vector>

#include "sieve/args.h"

namespace postrider::sieve {

/// What :lower and its like do to a value before it is stored (RFC 5229 §4.1).
struct Modifiers {
    enum class Kind : std::uint8_t { lower, upper, lower_first, upper_first, quote_wildcard, quote_regex, encode_url,
                                     length };
    std::vector<Kind> kinds;  ///< in the order in which they are applied

    void tags(Args& args);
    std::string apply(const Machine& machine, std::string value) const;
};

/// A variable that a command writes to, by its constant name.
Binder::Variable take_variable_name(Args& args);
void store(Machine& machine, Binder::Variable variable, std::string value);

}  // namespace postrider::sieve
