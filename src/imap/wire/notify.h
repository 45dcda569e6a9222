#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "imap/wire/esearch.h"
#include "imap/wire/fetch.h"

namespace postrider::imap {

/// What follows "NOTIFY ". RFC 5465 §8.
struct NotifyArgs {
    enum Event : std::uint8_t {
        message_new = 1,
        message_expunge = 2,
        flag_change = 4,
        of_messages = 7,
        mailbox_name = 8,
        subscription_change = 16,
        mailbox_metadata = 32,
        server_metadata = 64,
    };
    struct Group {
        MailboxFilter filter;
        std::uint8_t events = 0;         ///< 0: NONE
        std::optional<FetchArgs> fetch;  ///< what to say of new messages; only for the selected mailbox
    };
    bool status = false;         ///< STATUS of each mailbox at once
    bool unknown_event = false;  ///< one that is not served here: AnnotationChange, or one to come
    std::vector<Group> groups;   ///< none: NOTIFY NONE
};

inline constexpr std::size_t max_groups = 100;

/// "SET" [SP "STATUS"] SP event-group *(SP event-group) / "NONE"
Parsed<NotifyArgs> parse_notify(std::string_view args);

}  // namespace postrider::imap
