#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "imap/wire/cursor.h"
#include "imap/wire/metadata.h"

namespace postrider::imap {

/// What follows "LIST " or "LSUB ". RFC 9051 §6.3.9, RFC 5258, RFC 5819, RFC 6154.
struct ListArgs {
    bool select_subscribed = false;
    bool select_remote = false;  ///< nothing is remote here: changes nothing
    bool select_recursive = false;
    bool select_special_use = false;
    bool return_subscribed = false;
    bool return_children = false;
    bool return_special_use = false;
    bool return_my_rights = false;                 ///< RFC 8440
    std::optional<MetadataQuery> return_metadata;  ///< RFC 9590
    std::uint16_t return_status = 0;               ///< StatusItem bits; 0 = none asked for
    bool extended = false;  ///< any of RFC 5258's syntax was used: "" names nothing special
    std::string reference;
    std::vector<std::string> patterns;
};

inline constexpr std::size_t max_patterns = 100;

Parsed<ListArgs> parse_list(std::string_view args);
Parsed<ListArgs> parse_lsub(std::string_view args);

}  // namespace postrider::imap
