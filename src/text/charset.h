#pragma once

#include <string>
#include <string_view>

/// Text of any charset as UTF-8. Names as RFC 2978 registers them, in any case, and the misspellings that
/// mail uses.
namespace postrider::text {

bool known_charset(std::string_view name);

/// Never fails: what cannot be converted becomes U+FFFD. An unknown (or empty) charset is read as UTF-8 where
/// the bytes are valid UTF-8, else as Windows-1252. The result is valid UTF-8.
std::string to_utf8(std::string_view bytes, std::string_view charset);

}  // namespace postrider::text
