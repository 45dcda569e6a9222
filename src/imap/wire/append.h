#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "imap/wire/cursor.h"
#include "imap/wire/sequence_set.h"

namespace postrider::imap {

/// What follows "APPEND ". RFC 9051 §6.3.12, RFC 3502. Flags and messages point into the parsed text.
struct AppendArgs {
    struct Message {
        std::vector<std::string_view> flags;
        std::optional<Time> date;
        std::string_view octets;
        /// CATENATE (RFC 4469): pieces in their order; when there are none, `octets` is the message.
        struct Piece {
            std::optional<std::string> url;  ///< else `octets`
            std::string_view octets;
        };
        std::vector<Piece> pieces;
        bool utf8 = false;  ///< given as UTF8 (~{...}) (RFC 6855 §4)
    };
    std::string mailbox;
    std::vector<Message> messages;  ///< at least one
};

inline constexpr std::size_t max_pieces = 500;  ///< of one catenated message

Parsed<AppendArgs> parse_append(std::string_view args);

/// What follows "REPLACE ": number SP mailbox append-message. RFC 8508 §5.
struct ReplaceArgs {
    SequenceSet set;
    AppendArgs append;  ///< one message
};
Parsed<ReplaceArgs> parse_replace(std::string_view args);

}  // namespace postrider::imap
