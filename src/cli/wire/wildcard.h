#pragma once

#include <string_view>

namespace postrider::cli {

/// text::matches_wildcard, where an empty pattern matches everything.
bool matches_wildcard(std::string_view pattern, std::string_view text);

}  // namespace postrider::cli
