#pragma once

#include <string_view>

/// Keys of the store's own: all begin with 0xff, so that they sort behind everything else.
/// docs/formats/kv.md.
namespace postrider::kv {

using namespace std::string_view_literals;

inline constexpr std::string_view reserved_begin = "\xff"sv;
inline constexpr std::string_view format_key =
    "\xff"
    "format"sv;  ///< u32 big-endian

inline bool is_reserved(std::string_view key) {
    return key.starts_with('\xff');
}

}  // namespace postrider::kv
