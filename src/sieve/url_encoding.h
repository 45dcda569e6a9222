#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace postrider::sieve {

/// Percent encoding of all but unreserved characters (RFC 3986 §2.1, RFC 5435 §6).
std::string encode_url(std::string_view text);
/// nullopt when a "%" is not followed by two digits.
std::optional<std::string> decode_url(std::string_view text);

}  // namespace postrider::sieve
