#pragma once

#include <cstddef>
#include <string_view>

namespace postrider::smtp {

/// How many octets at the start of `text`, which stands within a line, are whole lines that are stored as
/// they came: each ends in CRLF, no CR or LF stands elsewhere, and none but the first may begin with a dot
/// (RFC 5321 §4.5.2). There may be more of them than it says; 0 says nothing.
std::size_t plain_lines(std::string_view text);

}  // namespace postrider::smtp
