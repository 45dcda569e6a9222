#pragma once

#include <algorithm>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "queue/entry.h"

/// What a failed or successful attempt makes of a recipient: the same for folders and for other hosts.
namespace postrider::delivery {

struct RetrySchedule {
    std::chrono::seconds first{300};
    std::chrono::seconds longest{28800};
    std::uint32_t max_attempts = 20;
    std::uint32_t tell_after = 4;  ///< failed attempts after which the sender is told; 0: never
    /// Whether the sender is told after so many attempts, when somebody else decides; nothing: as above.
    std::function<std::optional<bool>(std::uint32_t attempts, std::uint32_t remaining)> tell{};

    bool tells(std::uint32_t attempts) const {
        if (tell)
            if (auto said = tell(attempts, max_attempts - std::min(max_attempts, attempts))) return *said;
        return attempts == tell_after;
    }

    std::chrono::seconds after(std::uint32_t attempt) const {
        return queue::retry_delay(attempt, first, longest);
    }
};

/// Status of recipients whose message a filter has quarantined: held until an administrator decides.
inline constexpr std::string_view quarantined_status = "4.7.1";

/// One attempt more; at the last one it has failed for good (RFC 3463 §2: what was temporary has become
/// permanent).
void fail_for_now(queue::Recipient& recipient, const RetrySchedule& schedule, Time now, std::string status,
                  std::string diagnostic);
void fail_for_good(queue::Recipient& recipient, Time now, std::string status, std::string diagnostic);
/// `state` is delivered, expanded or sent; `tell`: the sender gets a notice if it asked for one.
void succeed(queue::Recipient& recipient, queue::Recipient::State state, Time now, std::string status,
             std::string diagnostic, bool tell);

}  // namespace postrider::delivery
