#pragma once

#include <string_view>

namespace postrider::text {

/// Whether all of `text` is what `pattern` means: "*" any characters or none, "?" one octet, all else itself
/// but for the case of A-Z. Time: at most the product of the lengths.
bool matches_wildcard(std::string_view pattern, std::string_view text);

}  // namespace postrider::text
