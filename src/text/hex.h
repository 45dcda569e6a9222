#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace postrider::text {

std::string to_hex(std::string_view bytes);  ///< lower case, two digits an octet

/// Digits of either case, an even number of them; nullopt for anything else.
std::optional<std::string> from_hex(std::string_view digits);

/// 0-15, or -1 when it is no hexadecimal digit.
constexpr int hex_digit(char c) {
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

}  // namespace postrider::text
