#pragma once

#include <string_view>

namespace postrider::text {

enum class Case { ignored, kept };

/// Whether all of `text` is what `pattern` means: "*" any characters or none, "?" one octet, all else itself
/// (by itself but for the case of A-Z). Time: at most the product of the lengths.
bool matches_wildcard(std::string_view pattern, std::string_view text, Case case_of_letters = Case::ignored);

}  // namespace postrider::text
