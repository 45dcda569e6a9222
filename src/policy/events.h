#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace postrider::policy {

/// When a policy is asked, in the order of a message's way.
enum class Event : std::uint8_t {
    connect,
    ehlo,
    mail_from,
    rcpt_to,
    headers_received,
    body_chunk,
    data_received,
    relay,
    delivery_failure,
    temporary_delivery_failure,
    processing,
    delivery_success,
};
inline constexpr std::size_t event_count = 12;

using EventSet = std::uint16_t;
constexpr EventSet bit(Event event) {
    return static_cast<EventSet>(1u << static_cast<unsigned>(event));
}
constexpr bool has(EventSet set, Event event) {
    return (set & bit(event)) != 0;
}
/// The events of a reception from this one on.
constexpr EventSet from(Event first) {
    EventSet set = 0;
    for (auto e = static_cast<unsigned>(first); e <= static_cast<unsigned>(Event::data_received); ++e)
        set = static_cast<EventSet>(set | 1u << e);
    return set;
}
inline constexpr EventSet failures = bit(Event::delivery_failure) | bit(Event::temporary_delivery_failure);
inline constexpr EventSet reception = from(Event::connect);

struct EventName {
    std::string_view name;  ///< as scripts write it
    std::string_view when;
};
inline constexpr std::array<EventName, event_count> event_names{{
    {"onConnect", "a client has connected, before the greeting"},
    {"onEhlo", "after EHLO or HELO, before its answer"},
    {"onMailFrom", "on MAIL FROM, before its answer"},
    {"onRcptTo", "on every RCPT TO, before its answer"},
    {"onHeadersReceived", "the header of the message is complete"},
    {"onBodyChunk", "for each block of the message's body"},
    {"onDataReceived", "the message is complete, before its answer"},
    {"onRelay", "before a message is sent to another host"},
    {"onDeliveryFailure", "delivery has failed for good, before the sender is told"},
    {"onTemporaryDeliveryFailure", "an attempt to deliver has failed, more will follow"},
    {"onProcessing",
     "work on a message begins, wherever it came from (SMTP, retrieval, notices, what filters write), before "
     "filters look at it; once for each message"},
    {"onDeliverySuccess", "a message is delivered whose sender asked to be told"},
}};
constexpr std::string_view name(Event event) {
    return event_names[static_cast<std::size_t>(event)].name;
}
std::optional<Event> find_event(std::string_view name);  ///< in any case

}  // namespace postrider::policy
