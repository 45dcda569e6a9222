#pragma once

#include <deque>
#include <mutex>
#include <unordered_map>
#include <unordered_set>

#include "delivery/outbound.h"
#include "delivery/outcome.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "queue/destinations.h"

namespace postrider::delivery {

/// The outbound half of the queue. On disk: who waits where, what is down. In memory: only the destinations
/// that somebody works on.
class VirtualQueues final : public Outbound {
public:
    struct Options {
        RetrySchedule schedule;
        std::size_t max_active = 20'000;  ///< destinations that are worked on at once
    };

    /// All must live longer. `owed` is called when an entry owes its sender a report (to wake who makes
    /// them).
    VirtualQueues(queue::Queue& queue, const Clock& clock, observe::Logger log, observe::Metrics& metrics,
                  Options options, std::function<void()> owed);

    std::vector<std::string> take_destinations(std::size_t limit) override;
    std::vector<Consignment> take(const std::string& destination, std::size_t limit) override;
    void settle(const Consignment& consignment, const std::vector<Fate>& fates) override;
    void down(const std::string& destination, const std::string& status, const std::string& why) override;
    void up(const std::string& destination) override;
    void leave(const std::string& destination) override;
    void on_ready(std::function<void()> ready) override;

    /// For attempts from now on.
    void change_schedule(const RetrySchedule& schedule);

    /// Something was added to the queues.
    void ready();
    /// Forgets that the destination is down and makes due what waits there.
    mailstore::Result<> release(const std::string& destination);
    /// A piece of what down() could not finish at once; false: nothing is left. For a thread that has time.
    bool work();

    queue::Destinations& on_disk() { return disk_; }
    bool is_active(const std::string& destination) const;
    /// Somebody is sending the entry just now.
    bool is_given(QueueId id) const;

private:
    struct Active {
        std::mutex mutex;
        queue::DestinationState state;
        std::uint32_t downs = 0;                           ///< calls of down() since it was taken
        std::unordered_map<QueueId, std::uint32_t> given;  ///< to whom: `downs` at that time
        std::deque<queue::Place> next;                     ///< read ahead
        Time read_at{};
    };
    /// Messages that a failed probe counts for and that have not been seen to yet.
    struct Sweep {
        std::string destination;
        Time before{};
        std::string status, why;
    };

    /// What could not be stored although it has happened: nobody may send it again, and it is tried until it
    /// can be.
    struct Unsettled {
        Consignment consignment;
        std::vector<Fate> fates;
    };

    static bool waits_at(const queue::Recipient& recipient, const std::string& destination);
    bool store_fates(const Consignment& consignment, const std::vector<Fate>& fates, bool went_down,
                     const queue::DestinationState& state);
    bool is_unsettled(const std::string& destination, QueueId id) const;
    void settle_again();

    std::shared_ptr<Active> active(const std::string& destination) const;
    void give(Active& a, QueueId id);
    void take_back(Active& a, QueueId id);
    bool look_at(const std::string& key, const std::string& destination, Time now, kv::Batch& batch,
                 std::vector<std::string>& asleep);
    bool read_ahead(const std::string& destination, Active& a, Time now,
                    const std::unordered_set<QueueId>& skipped);
    bool sweep(const Sweep& job, std::size_t limit);
    bool count_probe(const queue::Place& place, const Sweep& job);
    void apply(const Fate& fate, queue::Recipient& recipient, const queue::Entry& entry,
               const queue::DestinationState& state, Time now);
    void write(kv::Batch batch, std::string_view doing);
    RetrySchedule schedule() const;

    queue::Queue& queue_;
    queue::Destinations disk_;
    const Clock& clock_;
    observe::Logger log_;
    mutable std::mutex schedule_mutex_;
    RetrySchedule schedule_;
    const std::size_t max_active_;
    std::function<void()> owed_;
    observe::Counter &sent_, &deferred_, &failed_;

    mutable std::mutex given_mutex_;
    std::unordered_map<QueueId, unsigned> given_;  ///< to how many

    mutable std::mutex mutex_;  // before an Active's, and that before given_mutex_
    std::unordered_map<std::string, std::shared_ptr<Active>> active_;
    Time looked_through_{}, looked_at_all_{};
    std::function<void()> ready_;
    std::mutex settling_again_;
    mutable std::mutex unsettled_mutex_;
    std::deque<Unsettled> unsettled_;
    std::mutex sweeps_mutex_;
    std::deque<Sweep> sweeps_;
};

}  // namespace postrider::delivery
