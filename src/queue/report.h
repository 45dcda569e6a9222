#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "queue/entry.h"

/// Delivery status notifications: multipart/report with a text for people and one for programs (RFC 6522,
/// RFC 3464, RFC 6533).
namespace postrider::queue {

enum class Action { failed, delayed, delivered, relayed, expanded };  ///< RFC 3464 §2.3.3

/// How much of the message goes back with a report.
enum class Attach : std::uint8_t { none, header, full };

/// What an administrator has set for one kind of report. "" stands for the text that is built in. Texts may
/// contain %variables%: see expand().
struct Notice {
    bool send = true;
    std::string sender;  ///< address; "": MAILER-DAEMON at our host
    std::string subject;
    std::string message;       ///< before the recipients
    std::string rcpt_message;  ///< for each of them
    std::string footer;
    Attach attach = Attach::header;
};

struct ReportOptions {
    std::string host;  ///< our name: Reporting-MTA and the sender's domain
    Notice notice;
    Time now{};
    Time next_attempt{};                   ///< for `delayed`
    std::uint32_t remaining_attempts = 0;  ///< for `delayed`
    std::optional<Time> give_up;           ///< for `delayed`: when we stop trying, at the latest
    std::string boundary;                  ///< must not occur in the message; the caller makes it unique
};

struct Report {
    std::string message;  ///< whole, with CRLF line ends, addressed to the envelope's reverse-path
    std::string sender;   ///< address of its From field
    bool eight_bit = false;
    bool smtputf8 = false;  ///< it can go only where SMTPUTF8 is known (RFC 6533)
};

/// `recipients` are those that the report is about; `original` is the message, whole or at least its header.
/// RET=FULL gets the whole message back with Action::failed, RET=HDRS never more than its header (RFC 3461
/// §6.2), and a message above 10 MiB comes back as its header.
Report make_report(Action action, const Envelope& envelope, const std::vector<const Recipient*>& recipients,
                   std::string_view original, const ReportOptions& options);

/// Names and values of variables.
using Variables = std::vector<std::pair<std::string_view, std::string>>;
/// `text` with each %name% (in any case) replaced by its value; names that are unknown stay as they are.
std::string expand(std::string_view text, const Variables& variables);

}  // namespace postrider::queue
