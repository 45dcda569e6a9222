#pragma once

#include <string_view>

#include "sieve/action.h"
#include "sieve/text_template.h"

namespace postrider::sieve {

class Machine;

/// Adds the flags of a string like "\\Seen $Label"; what cannot be a flag that a client sets is passed over
/// (RFC 5232 §2). At most 100 in all.
void add_flags(Flags& flags, std::string_view words);
void remove_flags(Flags& flags, std::string_view words);
std::string join_flags(const Flags& flags);
Flags read_flags(const Machine& machine, const TextList& list);

}  // namespace postrider::sieve
