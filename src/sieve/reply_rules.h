#pragma once

#include <span>
#include <string>
#include <string_view>

#include "sieve/message.h"

/// Whom a machine must not answer. RFC 3834 §2, RFC 5230 §4.5 and §4.6.
namespace postrider::sieve {

/// Auto-Submitted says anything but "no".
bool made_by_machine(Header& header);

/// Why no answer may go to the sender of this message: one line; "" when one may.
std::string why_no_answer(Header& header, std::string_view sender);

/// The one of these addresses that the message was sent to by name (To, Cc, Bcc, Resent-...); "" = none.
std::string addressed_to(Header& header, std::span<const std::string> addresses);

}  // namespace postrider::sieve
