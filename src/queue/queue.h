#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <optional>
#include <unordered_set>
#include <vector>

#include "queue/destinations.h"

/// Durable until delivered: entries in the key-value store, next to the bytes they wait for. Records by the
/// byte: docs/formats/queue.md.
namespace postrider::queue {

/// Entries and who works on them. Everything may read and write the disk; callable from any thread. An entry
/// is changed by whoever has taken it, and by nobody else meanwhile.
class Queue {
public:
    explicit Queue(mailstore::MailStore& store) : store_{store} {}

    /// Adds the records of a new entry to the batch that makes its message visible to the queue.
    static void add(const Entry& entry, kv::Batch& batch);

    /// Entries whose `wake` has come, at most `limit`: the most urgent of those that have waited longest.
    /// They are this caller's until put_back() or let_go(), and nobody else is given them.
    mailstore::Result<std::vector<Entry>> take_due(Time now, std::size_t limit);
    /// One entry, whenever it is due, unless somebody else has it.
    struct Taken {
        std::optional<Entry> entry;  ///< nothing: there is none, or it is busy
        bool busy = false;
    };
    mailstore::Result<Taken> take(QueueId id);
    /// As take(), but waits for who has it.
    mailstore::Result<std::optional<Entry>> wait_and_take(QueueId id);

    /// Adds to `batch` what turns the stored entry into this one; for MailStore::deliver's `also`.
    static void change(const Entry& before, const Entry& after, kv::Batch& batch);
    /// Stores what has become of a taken entry and lets go of it; a finished one goes, with its hold on the
    /// bytes.
    mailstore::Result<> put_back(const Entry& before, const Entry& after);
    void let_go(QueueId id);

    /// Removes a place in a virtual queue at which its entry does not wait (or which is damaged or gone):
    /// what a fault may have left. Not while somebody has the entry.
    void mend(std::string_view destination, const Place& place);

    mailstore::Result<std::optional<Entry>> find(QueueId id);
    /// Visits entries behind `after` in the order of their ids until `visit` returns false.
    mailstore::Result<> each(const std::function<bool(const Entry&)>& visit, QueueId after = {});

    /// As each(), but gives the records undecoded, for looking through a million of them.
    mailstore::Result<> each_record(const std::function<bool(QueueId, std::string_view)>& visit,
                                    QueueId after = {}, QueueId last = QueueId{UINT64_MAX - 1});
    /// The first and the last id there are; nothing when there is none.
    mailstore::Result<std::optional<std::pair<QueueId, QueueId>>> range();
    /// Entries whose `wake` is later than `now`, at most `limit`.
    mailstore::Result<std::vector<QueueId>> asleep(Time now, std::size_t limit);
    /// Somebody has taken it.
    bool busy(QueueId id);

    /// How many entries there are: about, and only from the end of the first count_all() on; less before.
    /// Does not block.
    std::uint64_t size() const;
    /// Reads all of them.
    mailstore::Result<> count_all();
    /// One was added by another's batch.
    void added() { ++size_; }

    kv::Store& kv() { return store_.kv(); }

private:
    mailstore::MailStore& store_;
    std::mutex mutex_;
    std::condition_variable freed_;
    std::unordered_set<QueueId> taken_;
    Time looked_through_{};  ///< no due key is older, but for batches that were being written
    Time looked_at_all_{};
    std::atomic<std::int64_t> size_{0};
};

}  // namespace postrider::queue
