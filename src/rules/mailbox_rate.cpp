#include "rules/mailbox_rate.h"

namespace postrider::rules {

bool MailboxRate::admit(AccountId account, Time now) {
    const unsigned per_second = per_second_;
    if (per_second == 0) return true;
    Shard& shard = shards_[account.value() % shards_.size()];
    std::int64_t second = std::chrono::duration_cast<std::chrono::seconds>(now.time_since_epoch()).count();
    std::lock_guard lock{shard.mutex};
    if (shard.counts.size() >= max_counts)
        std::erase_if(shard.counts, [&](const auto& one) {
            return one.second.closed_until <= now && one.second.second != second;
        });
    Count& count = shard.counts[account.value()];
    if (now < count.closed_until) return false;
    if (count.second != second) {
        count.second = second;
        count.messages = 0;
    }
    if (++count.messages <= per_second) return true;
    count.closed_until = now + closed_for_.load();
    return false;
}

}  // namespace postrider::rules
