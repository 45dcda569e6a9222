#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "imap/wire/cursor.h"

namespace postrider::imap {

/// status-att as bits. RFC 9051 §6.3.11; RECENT is RFC 3501's, HIGHESTMODSEQ RFC 7162's.
enum StatusItem : std::uint16_t {
    status_messages = 1,
    status_recent = 2,
    status_uid_next = 4,
    status_uid_validity = 8,
    status_unseen = 16,
    status_deleted = 32,
    status_size = 64,
    status_highest_modseq = 128,
    status_deleted_storage = 256,  ///< RFC 9208 §4.1.4
    status_mailbox_id = 512,       ///< RFC 8474 §4.3
    status_append_limit = 1024,    ///< RFC 7889 §3.1
};

/// What follows "STATUS ".
struct StatusArgs {
    std::string mailbox;
    std::uint16_t items = 0;
};

/// "(" status-att *(SP status-att) ")"
std::uint16_t status_items(Cursor& in);

Parsed<StatusArgs> parse_status(std::string_view args);

}  // namespace postrider::imap
