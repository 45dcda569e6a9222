#pragma once

#include <functional>
#include <mutex>
#include <optional>
#include <string>
#include <unordered_map>

#include "base/clock.h"
#include "base/ids.h"
#include "kv/kv.h"
#include "settings/account.h"

namespace postrider::rules {

/// Why something of an account's is not taken, as SMTP says it.
struct NotNow {
    bool temporary = true;
    std::string status;  ///< enhanced code, RFC 3463
    std::string text;
};

/// What accounts have sent within their interval (sentMessagesCount and so on). An interval begins with the
/// first message counted in it. Only accounts with a limit are counted. Thread-safe.
///
/// Counters are kept in memory and written every few seconds (flush()): a crash may forget what was sent
/// since then, a clean stop forgets nothing. Records: docs/formats/rules.md.
class SendQuota {
public:
    struct Use {
        std::uint64_t messages = 0, recipients = 0, bytes = 0;
        Time since{};  ///< begin of the interval; of nothing sent: meaningless
        bool any() const { return messages != 0; }
    };

    /// `store` must live longer.
    explicit SendQuota(kv::Store& store) : store_{store} {}
    ~SendQuota() { flush(); }

    /// Called (any thread, must not block) when a message was refused for the first time in an interval.
    std::function<void(AccountId, const Use&)> on_exceeded;

    static bool limited(const settings::AccountSettings& limits) {
        return limits.sent_messages_count != 0 || limits.sent_recipients_count != 0
               || limits.sent_messages_size_kb != 0;
    }
    /// Would `more` be taken now? What can never be taken, because it alone is above a limit, is refused for
    /// good; the rest until the interval ends. Nothing is counted.
    std::optional<NotNow> check(AccountId account, const settings::AccountSettings& limits, const Use& more,
                                Time now);
    /// The same, and counts it when it is taken.
    std::optional<NotNow> charge(AccountId account, const settings::AccountSettings& limits, const Use& more,
                                 Time now);
    /// Takes a charge back: the message could not be stored.
    void refund(AccountId account, const Use& less);

    Use used(AccountId account, const settings::AccountSettings& limits, Time now);
    void reset(AccountId account);

    /// Writes what has changed. Cheap when nothing has. @return false when the store refused; tried again.
    bool flush();

private:
    struct Count {
        Use use;
        std::chrono::seconds interval{3600};
        bool told = false;
        bool dirty = false;
    };
    static constexpr std::size_t max_counts = 100'000;

    Count& find(AccountId account);
    std::optional<NotNow> judge(Count& count, const settings::AccountSettings& limits, const Use& more,
                                Time now);
    bool flush_locked();

    kv::Store& store_;
    std::mutex mutex_;
    std::unordered_map<AccountId, Count> counts_;
};

}  // namespace postrider::rules
