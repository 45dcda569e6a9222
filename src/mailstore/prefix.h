#pragma once

#include <string>
#include <string_view>

namespace postrider::mailstore {

/// The encoded description of prefix + payload. When the prefix holds only fields that no part of a
/// description is made from (trace, results of checks), that of the payload is moved, not made anew.
std::string describe_with_prefix(std::string_view prefix, std::string_view payload,
                                 std::string_view of_payload);

/// True when every field of the header lines is of that kind.
bool only_trace_fields(std::string_view prefix);

}  // namespace postrider::mailstore
