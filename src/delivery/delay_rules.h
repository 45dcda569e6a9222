#pragma once

#include <string>
#include <vector>

#include "queue/entry.h"

namespace postrider::delivery {

/// Mail that is to wait: what an administrator has set. All that is given must hold.
struct DelayRule {
    std::string name;
    bool enable = true;
    std::string sender;     ///< wildcards; "": every one
    std::string recipient;  ///< wildcards; "": every one
    std::uint32_t larger_than_kb = 0;
    std::string from, to;  ///< "HH:MM" of the server's local time, the window of arrival; "": always
    std::chrono::seconds delay{0};
    std::string not_before;  ///< "HH:MM", the next such time; "": none
};

/// Minutes since midnight of "HH:MM"; nothing when it is not one.
std::optional<int> parse_time_of_day(std::string_view text);

/// When a message for that recipient may be delivered: by the first rule that holds. Nothing: at once. A rule
/// with a malformed time never holds. Mail without a sender (reports) never waits.
std::optional<Time> delayed_until(const std::vector<DelayRule>& rules, const queue::Envelope& envelope,
                                  const mime::AddrSpec& recipient, std::uint64_t size, Time now);

}  // namespace postrider::delivery
