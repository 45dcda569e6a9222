#pragma once

#include <optional>
#include <string_view>

#include "auth/crypto.h"

namespace postrider::auth {

inline constexpr std::size_t max_password = 1024;  ///< octets; RFC 4616 §2 lets a server refuse more

/// A password in the form in which it is stored and compared: SASLprep (RFC 4013). nullopt for "", over
/// max_password, NUL, malformed UTF-8 and what RFC 4013 prohibits (controls among it).
/// @param stored  true for a password that is being set: unassigned code points are refused (RFC 3454 §7)
std::optional<Secret> prepare_password(std::string_view password, bool stored);

}  // namespace postrider::auth
