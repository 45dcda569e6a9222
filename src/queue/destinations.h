#pragma once

#include <functional>
#include <optional>
#include <string>
#include <unordered_set>
#include <vector>

#include "queue/entry.h"

namespace postrider::queue {

/// What is known of a virtual queue's hosts. Without a record: they are up.
struct DestinationState {
    std::uint32_t failures = 0;  ///< probes that have failed in a row; 0: up
    Time down_until{};           ///< when it is tried again
    Time last_failure{};
    /// Grows when everything that waits becomes due at once: what was scheduled under a smaller one is due.
    std::uint32_t epoch = 0;
    std::string status;  ///< enhanced code of the last failure
    std::string why;

    bool down(Time now) const { return failures != 0 && down_until > now; }
};
std::string encode(const DestinationState& state);
std::optional<DestinationState> decode_state(std::string_view bytes);

/// Where an entry stands in a virtual queue. What is more urgent comes first: priority, then what has been
/// released, then what is due earlier.
struct Place {
    std::uint8_t priority_class = 9;  ///< 9 - MT-PRIORITY: 0 to 18
    std::uint32_t epoch = 0;
    Time due{};
    QueueId id;

    friend bool operator==(const Place&, const Place&) = default;
};

/// The virtual queues on disk: who waits where, when each is to be looked at, which hosts are down. Nothing
/// is kept in memory, so a million destinations cost none. Everything may read and write the disk.
class Destinations {
public:
    explicit Destinations(kv::Store& store) : store_{store} {}

    /// Entries that are due there, most urgent first; those in `skip` are left out.
    mailstore::Result<std::vector<Place>> due(std::string_view destination, std::uint32_t epoch, Time now,
                                              std::size_t limit,
                                              const std::function<bool(QueueId)>& skip) const;
    /// When something is due there next; a time that has passed when it is already. Nothing: it is empty.
    mailstore::Result<std::optional<Time>> next(std::string_view destination, std::uint32_t epoch) const;

    mailstore::Result<DestinationState> state(std::string_view destination) const;
    static void put_state(std::string_view destination, const DestinationState& state, kv::Batch& batch);
    static void erase_state(std::string_view destination, kv::Batch& batch);

    /// Nobody works on it: makes it up, and due at once what waits there.
    mailstore::Result<> release(std::string_view destination, Time now);

    /// Destinations that were to be looked at from `from` to `now`, in the order of time, until `visit`
    /// returns false. `key` is to be erased when that has been done.
    mailstore::Result<> visits(
        Time from, Time now,
        const std::function<bool(const std::string& key, std::string_view destination)>& visit) const;
    static void put_visit(Time when, std::string_view destination, kv::Batch& batch);

    /// Somebody works on it: found again after a crash.
    static void put_occupied(std::string_view destination, kv::Batch& batch);
    static void erase_occupied(std::string_view destination, kv::Batch& batch);
    /// After a start nobody works on anything: all that were occupied are to be looked at.
    mailstore::Result<> free_occupied(Time now);

    struct Count {
        std::string destination;
        std::uint64_t waiting = 0;
        std::optional<Time> next;  ///< due time of the first in it, by its own schedule
    };
    /// Virtual queues that hold something, by name, from behind `after`, until `visit` returns false.
    mailstore::Result<> each(std::string_view after, const std::function<bool(const Count&)>& visit) const;
    /// Entries that wait there, in no useful order, until `visit` returns false.
    mailstore::Result<> each_entry(std::string_view destination,
                                   const std::function<bool(QueueId)>& visit) const;

    kv::Store& kv() { return store_; }

private:
    kv::Store& store_;
};

}  // namespace postrider::queue
