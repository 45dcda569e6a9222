#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "queue/entry.h"

namespace postrider::queue {

/// An entry's record as it stands, for looking through very many of them: views into the bytes, nothing
/// copied.
struct EntryView {
    struct Recipient {
        std::string_view local, domain;
        queue::Recipient::State state{};
        std::string_view status, diagnostic, remote_host, destination;
        std::uint32_t attempts = 0;
        std::uint64_t next_attempt = 0;  ///< seconds since 1970
        std::uint8_t owed = 0;

        bool waits() const {
            return state == queue::Recipient::State::pending || state == queue::Recipient::State::held;
        }
    };
    QueueId id;
    std::uint64_t size = 0;
    std::uint64_t wake = 0;  ///< seconds since 1970; 0: none
    std::string_view sender_local, sender_domain, authenticated, client;
    std::uint64_t arrival = 0;  ///< microseconds since 1970
    std::uint64_t release = 0;  ///< seconds since 1970
    int priority = 0;
    std::vector<Recipient> recipients;

    /// False when the record is damaged or newer. Keeps the vector's memory for the next one.
    bool read(QueueId entry_id, std::string_view bytes);
};

/// The word for where an entry stands, as people know it from other tools. `sending`: it is on its way just
/// now.
std::string_view state_word(const EntryView& entry, bool sending);

}  // namespace postrider::queue
