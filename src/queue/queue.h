#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <unordered_set>
#include <vector>

#include "queue/envelope.h"

/// Durable until delivered: entries in the key-value store, next to the bytes they wait for. Records by the
/// byte: docs/formats/queue.md.
namespace postrider::queue {

struct Entry {
    QueueId id;  ///< the number of its blob
    BlobId blob;
    Envelope envelope;
    std::uint32_t size = 0;  ///< of the message, octets
    std::uint32_t attempts = 0;
    std::optional<Time> next_attempt;  ///< nothing: waits for an administrator

    bool finished() const;  ///< no recipient is pending or held
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

class Queue {
public:
    explicit Queue(mailstore::MailStore& store) : store_{store} {}

    /// Adds the records of a new entry to the batch that makes its message visible to the queue.
    static void add(const Entry& entry, kv::Batch& batch);

    /// Entries whose time has come, at most `limit`, earliest first. They are this caller's until finish() or
    /// put_back(), and nobody else is given them.
    mailstore::Result<std::vector<Entry>> take_due(Time now, std::size_t limit);
    /// One entry, whenever it is due: the caller's until put_back(), unless somebody else has it.
    struct Taken {
        std::optional<Entry> entry;  ///< nothing: there is none, or it is busy
        bool busy = false;
    };
    mailstore::Result<Taken> take(QueueId id);
    /// When the next entry that nobody has taken is due.
    std::optional<Time> next_due();

    /// Adds to `batch` what turns the stored entry into this one; for MailStore::deliver's `also`.
    static void change(const Entry& before, const Entry& after, kv::Batch& batch);
    /// Stores what has become of a taken entry and lets go of it; a finished one goes, with its hold on the
    /// bytes.
    mailstore::Result<> put_back(const Entry& before, const Entry& after);

    mailstore::Result<std::optional<Entry>> find(QueueId id);
    /// Visits entries in the order of their ids until `visit` returns false.
    mailstore::Result<> each(const std::function<bool(const Entry&)>& visit);

private:
    mailstore::MailStore& store_;
    std::mutex mutex_;
    std::unordered_set<QueueId> taken_;
};

}  // namespace postrider::queue
