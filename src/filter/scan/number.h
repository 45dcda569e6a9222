#pragma once

#include <charconv>
#include <cmath>
#include <optional>
#include <string_view>

#include "text/ascii.h"

namespace postrider::filter {

/// A finite decimal number with nothing but blanks around it.
inline std::optional<double> parse_number(std::string_view text) {
    text = text::trim(text);
    if (text.starts_with('+')) text.remove_prefix(1);
    double number = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(number))
        return std::nullopt;
    return number;
}

}  // namespace postrider::filter
