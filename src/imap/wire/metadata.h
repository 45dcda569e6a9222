#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "imap/wire/cursor.h"

namespace postrider::imap {

/// What GETMETADATA asks of each mailbox. RFC 5464 §4.2, §5.
struct MetadataQuery {
    enum class Depth : std::uint8_t { none, one, infinity };
    std::optional<std::uint32_t> max_size;
    Depth depth = Depth::none;
    std::vector<std::string> entries;  ///< at least one, in lower case

    /// Whether an entry of that name is asked for.
    bool wants(std::string_view name) const;
};

/// What follows "GETMETADATA ". The options may stand before or behind the mailbox: the RFC's grammar has
/// them before, its examples behind.
struct GetMetadataArgs {
    std::string mailbox;  ///< "" for the server's own
    MetadataQuery query;
};
Parsed<GetMetadataArgs> parse_get_metadata(std::string_view args);

/// What follows "SETMETADATA ".
struct SetMetadataArgs {
    struct Entry {
        std::string name;  ///< in lower case
        std::optional<std::string> value;
    };
    std::string mailbox;
    std::vector<Entry> entries;  ///< at least one
};
Parsed<SetMetadataArgs> parse_set_metadata(std::string_view args);

/// [getmetadata-options SP] entries: what LIST's METADATA return option has too (RFC 9590).
MetadataQuery metadata_query(Cursor& in);

inline constexpr std::size_t max_entries = 100;  ///< of one command

}  // namespace postrider::imap
