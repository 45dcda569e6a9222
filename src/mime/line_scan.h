#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

/// The two loops that touch every octet of a message; sixteen at a time where SSE2 is.
namespace postrider::mime {

/// How many LF there are.
std::uint32_t count_lines(std::string_view text);

/// The first line start behind `at` where "--" follows the LF, or the size of the message. Adds the LFs
/// passed on the way to `lines`.
std::size_t find_dash_line(std::string_view message, std::size_t at, std::uint32_t& lines);

}  // namespace postrider::mime
