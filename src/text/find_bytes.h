#pragma once

#include <cstddef>
#include <string_view>

namespace postrider::text {

/// Where `needle` (not empty) occurs first at or behind `from`; npos when it does not. As
/// string_view::find(), but at several octets a cycle: for texts of many megabytes.
std::size_t find_bytes(std::string_view text, std::string_view needle, std::size_t from = 0);

}  // namespace postrider::text
