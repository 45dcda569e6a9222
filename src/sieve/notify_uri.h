#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "sieve/action.h"

namespace postrider::sieve {

/// A method of notification: mailto (RFC 5436, RFC 6068) or xmpp (RFC 5437, RFC 5122).
struct NotifyUri {
    Notification::Method method = Notification::Method::mailto;
    std::vector<std::string> to, cc, bcc;  ///< mailto
    std::optional<std::string> subject, body;
    std::vector<std::pair<std::string, std::string>> fields;  ///< other header fields that may be set
    std::string jid;                                          ///< xmpp: whom to tell
    std::vector<std::string> ignored;  ///< names of fields that cannot be set, for a warning
};

/// nullopt when it is of no method that we know, or broken. At most 1,000 octets and 10 recipients.
std::optional<NotifyUri> parse_notify_uri(std::string_view uri);

constexpr std::size_t max_notify_recipients = 8;

}  // namespace postrider::sieve
