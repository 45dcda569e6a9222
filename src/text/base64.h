#pragma once

#include <optional>
#include <string>
#include <string_view>

/// RFC 4648 §4 and §5; bodies of messages as RFC 2045 §6.8 wants them.
namespace postrider::text {

std::string encode_base64(std::string_view bytes);     ///< one line, padded
std::string encode_base64url(std::string_view bytes);  ///< one line, URL-safe alphabet, no padding

/// Lines of 76 characters, each ended by CRLF: what a message body holds.
std::string encode_base64_lines(std::string_view bytes);

/// Whole quanta, right padding, zero spare bits and nothing else: what SASL and configuration files must be.
std::optional<std::string> decode_base64(std::string_view text);
std::optional<std::string> decode_base64url(std::string_view text);  ///< padding may be absent

/// Skips what is not of the alphabet (RFC 2045 §6.8) and takes up again after padding, as concatenated bodies
/// need. Appends to `out` and stops when `limit` octets were appended.
void decode_base64_lenient(std::string_view text, std::string& out, std::size_t limit = std::string::npos);
std::string decode_base64_lenient(std::string_view text);

}  // namespace postrider::text
