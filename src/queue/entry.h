#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "queue/envelope.h"

namespace postrider::queue {

/// A message that is not finished: its bytes, what SMTP said about it and what has become of each recipient.
struct Entry {
    QueueId id;  ///< the number of its blob
    BlobId blob;
    Envelope envelope;
    std::uint32_t size = 0;  ///< of the message, octets
    /// When `delivery` looks at it the next time: recipients of ours or without a route are due, reports are
    /// owed, its time is over. Full seconds. Nothing: what is left waits in virtual queues or for an
    /// administrator.
    std::optional<Time> wake;

    bool finished() const;  ///< no recipient is pending or held, and no report is owed
    bool owes_reports() const;
    std::uint32_t attempts() const;            ///< failed ones, of the recipient with the most
    std::optional<Time> next_attempt() const;  ///< of the first pending recipient
    /// Sets `wake` from the state of the recipients; call it when they have been changed.
    void plan(Time now);
};

/// The entry's record; docs/formats/queue.md. Nothing when the bytes are damaged or newer.
std::string encode(const Entry& entry);
std::optional<Entry> decode_entry(QueueId id, std::string_view bytes);

/// `id` as logs and tools show it: at least six hexadecimal digits in capitals.
std::string to_string(QueueId id);
std::optional<QueueId> parse_queue_id(std::string_view text);

/// Attempt n (from 1) is followed by the next one after min(first * 2^(n-1), longest).
std::chrono::seconds retry_delay(std::uint32_t attempt, std::chrono::seconds first,
                                 std::chrono::seconds longest);

/// What the queue keeps has a resolution of seconds.
inline Time full_seconds(Time time) {
    return std::chrono::floor<std::chrono::seconds>(time);
}

}  // namespace postrider::queue
