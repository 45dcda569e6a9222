#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "settings/account.h"

namespace postrider::auth {

/// Why the password may not be set; nullopt when it may. Lengths count characters, not octets; what is
/// neither an US-ASCII letter nor digit is special. Without passwordEnforcementEnabled only what cannot be a
/// password is refused.
std::optional<std::string> password_fault(const settings::AccountSettings& rules, std::string_view password);

/// From the CSPRNG, with a lower and an upper case letter, a digit and a special character; without
/// characters that are easily mistaken (l I 1 O 0). 16 characters have about 95 bits. @param length  12 to
/// 128
std::string random_password(std::size_t length);

}  // namespace postrider::auth
