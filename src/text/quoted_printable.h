#pragma once

#include <string>
#include <string_view>

/// RFC 2045 §6.7.
namespace postrider::text {

/// Lines of at most 76 characters ended by CRLF; CRLF (or a bare LF) of the text stays a line end, a bare CR
/// is encoded.
std::string encode_quoted_printable(std::string_view text);

/// Robust as §6.7 asks: a malformed escape stays as it is, blanks at line ends are dropped, a soft break may
/// be a bare LF. Line ends come out as they were sent. Appends at most `limit` octets.
void decode_quoted_printable(std::string_view text, std::string& out, std::size_t limit = std::string::npos);
std::string decode_quoted_printable(std::string_view text);

}  // namespace postrider::text
