#pragma once

#include <map>
#include <string_view>

#include "queue/queue.h"

namespace postrider::queue {

/// What waits, counted.
struct Survey {
    std::uint64_t messages = 0, octets = 0;
    std::uint64_t recipients = 0;                      ///< that wait
    std::map<std::string_view, std::uint64_t> states;  ///< messages by state_word()
    std::chrono::seconds oldest{0};                    ///< how long the oldest message has been here
};

/// Looks through all entries: about a quarter of a second for a million. `go_on` is asked now and then and
/// may end it early; then what has been seen is what is returned.
mailstore::Result<Survey> survey(Queue& queue, Time now, const std::function<bool()>& go_on = {});

}  // namespace postrider::queue
