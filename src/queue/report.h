#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "queue/queue.h"

/// Delivery status notifications: multipart/report with a text for people and one for programs (RFC 3462,
/// RFC 3464).
namespace postrider::queue {

enum class Action { failed, delayed, delivered, relayed, expanded };  ///< RFC 3464 §2.3.3

struct ReportOptions {
    std::string host;  ///< our name: Reporting-MTA and the sender's domain
    Time now{};
    Time give_up{};        ///< for `delayed`: when we stop trying
    std::string boundary;  ///< must not occur in the message; the caller makes it unique
};

/// The whole message with CRLF line ends, addressed to the envelope's reverse-path. `recipients` are those
/// that the report is about; `original` is the message, whole or at least its header: with Action::failed and
/// RET=FULL it is returned whole, else only its header (RFC 3461 §6.2).
std::string make_report(Action action, const Envelope& envelope,
                        const std::vector<const Recipient*>& recipients, std::string_view original,
                        const ReportOptions& options);

}  // namespace postrider::queue
