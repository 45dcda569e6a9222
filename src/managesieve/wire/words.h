#pragma once

#include <string>
#include <string_view>

namespace postrider::managesieve {

/// A string as a server sends it: quoted where it can be, else a literal ("{3}" CRLF octets). RFC 5804 §4.
std::string to_string(std::string_view text);
std::string to_literal(std::string_view text);

/// `OK (WARNINGS) "text"`, with its CRLF. `code` without parentheses; both may be "".
std::string reply(std::string_view word, std::string_view code, std::string_view text);

}  // namespace postrider::managesieve
