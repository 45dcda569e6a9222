#pragma once

#include <string_view>

namespace postrider::cli {

/// Whether `text` matches, with * for any octets and ? for one; A-Z without regard to case. An empty pattern
/// matches everything. Time is at most proportional to the product of the lengths.
bool matches_wildcard(std::string_view pattern, std::string_view text);

}  // namespace postrider::cli
