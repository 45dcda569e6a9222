#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "imap/wire/cursor.h"

namespace postrider::imap {

/// What follows "APPEND ". RFC 9051 §6.3.12, RFC 3502. Flags and messages point into the parsed text.
struct AppendArgs {
    struct Message {
        std::vector<std::string_view> flags;
        std::optional<Time> date;
        std::string_view octets;
        bool utf8 = false;  ///< given as UTF8 (~{...}) (RFC 6855 §4)
    };
    std::string mailbox;
    std::vector<Message> messages;  ///< at least one
};

Parsed<AppendArgs> parse_append(std::string_view args);

}  // namespace postrider::imap
