#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <mutex>
#include <unordered_map>

#include "base/clock.h"
#include "base/ids.h"

namespace postrider::rules {

/// Messages that one mailbox takes in a second (messagesPerSecond); one that gets more is closed for a while
/// (disableInterval), so that a loop or a flood does not take the server from the others. Thread-safe; memory
/// is bounded: mailboxes that are not closed are forgotten when there are many.
class MailboxRate {
public:
    /// @param per_second  0: no limit
    MailboxRate(unsigned per_second, std::chrono::seconds closed_for)
        : per_second_{per_second}, closed_for_{closed_for} {}

    bool limited() const { return per_second_ != 0; }
    /// From now on; a mailbox that is closed stays closed for as long as it was told.
    void change(unsigned per_second, std::chrono::seconds closed_for) {
        per_second_ = per_second;
        closed_for_ = closed_for;
    }
    /// Counts one message. False: not now.
    bool admit(AccountId account, Time now);

private:
    struct Count {
        std::int64_t second = 0;
        unsigned messages = 0;
        Time closed_until{};
    };
    struct Shard {
        std::mutex mutex;
        std::unordered_map<std::uint64_t, Count> counts;
    };
    static constexpr std::size_t max_counts = 8192;  ///< of one shard

    std::atomic<unsigned> per_second_;
    std::atomic<std::chrono::seconds> closed_for_;
    std::array<Shard, 16> shards_;
};

}  // namespace postrider::rules
