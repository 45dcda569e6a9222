#pragma once

#include <string>
#include <string_view>

#include "mailstore/types.h"

/// Folder names: paths in UTF-8 with '/' between components.
namespace postrider::mailstore {

inline constexpr std::size_t max_component_bytes = 255;
inline constexpr std::size_t max_path_bytes = 1000;
inline constexpr std::size_t max_path_levels = 20;

/// The path as it is kept: a first component "inbox" in any case becomes "INBOX" (RFC 9051 §5.1). bad_name
/// when it is empty, too long or too deep, not UTF-8, holds control characters, or has an empty component.
Result<std::string> normal_path(std::string_view path);

/// True for well-formed UTF-8 (RFC 3629 §4: no surrogates, no overlong forms).
bool is_utf8(std::string_view text);

/// ASCII letters compare without case (keywords, RFC 9051 §2.3.2).
bool same_keyword(std::string_view a, std::string_view b);
/// 1 to 100 octets, all printable ASCII but what an atom may not hold (RFC 9051 §9, flag-keyword).
bool is_keyword(std::string_view text);

}  // namespace postrider::mailstore
