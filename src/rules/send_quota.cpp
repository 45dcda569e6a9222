#include "rules/send_quota.h"

#include <fmt/core.h>

#include "base/codec.h"

namespace postrider::rules {
namespace {

constexpr std::uint8_t version = 1;

std::string key_of(AccountId account) {
    std::string key = "Rs";
    put_be(key, account.value());
    return key;
}

std::int64_t seconds(Time time) {
    return std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count();
}

std::string waiting_text(std::chrono::seconds left) {
    auto minutes = (left.count() + 59) / 60;
    return minutes <= 1 ? "try again in a minute" : fmt::format("try again in {} minutes", minutes);
}

}  // namespace

SendQuota::Count& SendQuota::find(AccountId account) {
    if (auto at = counts_.find(account); at != counts_.end()) return at->second;
    if (counts_.size() >= max_counts && flush_locked()) counts_.clear();
    Count count;
    auto bytes = store_.get(key_of(account));
    if (bytes && *bytes) {
        Decoder in{**bytes};
        bool known = in.be<std::uint8_t>() == version;
        Use use;
        use.messages = in.varint();
        use.recipients = in.varint();
        use.bytes = in.varint();
        auto since = in.varint();
        auto interval = in.varint();
        bool told = in.be<std::uint8_t>() != 0;
        // A damaged count is one that begins anew: it guards against floods, it is no book-keeping.
        if (known && in.ok() && in.at_end() && since < 0x1'ffff'ffff && interval < 0x1'ffff'ffff) {
            use.since = Time{std::chrono::seconds{static_cast<std::int64_t>(since)}};
            count = {use, std::chrono::seconds{static_cast<std::int64_t>(interval)}, told, false};
        }
    }
    return counts_.emplace(account, count).first->second;
}

std::optional<NotNow> SendQuota::judge(Count& count, const settings::AccountSettings& limits, const Use& more,
                                       Time now) {
    count.interval = limits.sent_messages_interval;
    if (count.use.any() && (now >= count.use.since + count.interval || now < count.use.since)) {
        count.use = {};
        count.told = false;
        count.dirty = true;
    }
    const Use& use = count.use;
    const std::uint64_t bytes_limit = limits.sent_messages_size_kb * 1024;
    auto alone = [](std::uint64_t limit, std::uint64_t value) { return limit != 0 && value > limit; };
    if (alone(limits.sent_recipients_count, more.recipients))
        return NotNow{false, "5.7.1",
                      fmt::format("You may send to {} recipients in an interval, which is fewer than this "
                                  "message has",
                                  limits.sent_recipients_count)};
    if (alone(bytes_limit, more.bytes))
        return NotNow{false, "5.7.1",
                      fmt::format("You may send {} KB in an interval, which is less than this message",
                                  limits.sent_messages_size_kb)};
    std::string_view what;
    if (alone(limits.sent_messages_count, use.messages + more.messages)) what = "messages";
    if (alone(limits.sent_recipients_count, use.recipients + more.recipients)) what = "recipients";
    if (alone(bytes_limit, use.bytes + more.bytes)) what = "octets";
    if (what.empty()) return std::nullopt;
    auto left = std::chrono::duration_cast<std::chrono::seconds>(use.since + count.interval - now);
    return NotNow{true, "4.7.1",
                  fmt::format("You have sent as many {} as you may for now, {}", what, waiting_text(left))};
}

std::optional<NotNow> SendQuota::check(AccountId account, const settings::AccountSettings& limits,
                                       const Use& more, Time now) {
    if (!limited(limits)) return std::nullopt;
    Use tell;
    std::optional<NotNow> refusal;
    {
        std::lock_guard lock{mutex_};
        Count& count = find(account);
        refusal = judge(count, limits, more, now);
        if (!refusal || !refusal->temporary || count.told) return refusal;
        count.told = count.dirty = true;
        tell = count.use;
    }
    if (on_exceeded) on_exceeded(account, tell);
    return refusal;
}

std::optional<NotNow> SendQuota::charge(AccountId account, const settings::AccountSettings& limits,
                                        const Use& more, Time now) {
    if (!limited(limits)) return std::nullopt;
    if (auto refusal = check(account, limits, more, now)) return refusal;
    std::lock_guard lock{mutex_};
    Count& count = find(account);
    if (auto refusal = judge(count, limits, more, now)) return refusal;  // another session was faster
    if (!count.use.any()) count.use.since = Time{std::chrono::seconds{seconds(now)}};
    count.use.messages += more.messages;
    count.use.recipients += more.recipients;
    count.use.bytes += more.bytes;
    count.dirty = true;
    return std::nullopt;
}

void SendQuota::refund(AccountId account, const Use& less) {
    std::lock_guard lock{mutex_};
    Use& use = find(account).use;
    use.messages -= std::min(use.messages, less.messages);
    use.recipients -= std::min(use.recipients, less.recipients);
    use.bytes -= std::min(use.bytes, less.bytes);
    counts_[account].dirty = true;
}

SendQuota::Use SendQuota::used(AccountId account, const settings::AccountSettings& limits, Time now) {
    std::lock_guard lock{mutex_};
    const Count& count = find(account);
    if (!count.use.any() || now >= count.use.since + limits.sent_messages_interval) return {};
    return count.use;
}

void SendQuota::reset(AccountId account) {
    std::lock_guard lock{mutex_};
    Count& count = find(account);
    count.use = {};
    count.told = false;
    count.dirty = true;
}

bool SendQuota::flush() {
    std::lock_guard lock{mutex_};
    return flush_locked();
}

bool SendQuota::flush_locked() {
    kv::Batch batch;
    for (const auto& [account, count] : counts_) {
        if (!count.dirty) continue;
        if (!count.use.any()) {
            batch.erase(key_of(account));
            continue;
        }
        std::string value;
        put_be(value, version);
        put_varint(value, count.use.messages);
        put_varint(value, count.use.recipients);
        put_varint(value, count.use.bytes);
        put_varint(value, static_cast<std::uint64_t>(seconds(count.use.since)));
        put_varint(value, static_cast<std::uint64_t>(count.interval.count()));
        put_be(value, static_cast<std::uint8_t>(count.told));
        batch.put(key_of(account), value);
    }
    if (batch.empty()) return true;
    if (!store_.write(std::move(batch), kv::Durability::soon)) return false;
    for (auto& [account, count] : counts_) count.dirty = false;
    return true;
}

}  // namespace postrider::rules
