#pragma once

#include <cstdint>
#include <string>
#include <string_view>

/// RFC 3629: no surrogates, no overlong forms, nothing above U+10FFFF.
namespace postrider::text {

bool valid_utf8(std::string_view text);

/// One code point from the front of `text`, which moves on. What is malformed yields `malformed` and moves
/// on by the longest part that could have begun a character (at least one octet). `text` is not empty.
constexpr char32_t malformed = 0xffffffff;
char32_t take_code_point(std::string_view& text);

void append_utf8(std::string& out, char32_t code_point);

/// Every malformed piece becomes U+FFFD.
std::string repair_utf8(std::string_view text);

/// The longest prefix of at most `max` octets that cuts no character.
std::string_view truncate_utf8(std::string_view text, std::size_t max);

}  // namespace postrider::text
