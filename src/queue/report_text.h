#pragma once

#include "queue/report.h"

/// What people read in a report.
namespace postrider::queue {

struct Texts {
    std::string_view action;  ///< RFC 3464 §2.3.3
    std::string_view default_status;
    std::string subject, message, rcpt_message, footer;  ///< with variables
};

/// The administrator's words, and ours where there are none.
Texts texts_of(Action action, const Notice& notice);

std::string mail_date(Time time);  ///< "Fri, 20 Nov 2026 10:00:00 +0000"
/// Header values and report fields are single lines whatever a peer has put into them.
std::string one_line(std::string_view text);
/// CRLF at the end of each line, whatever the line ends were.
std::string crlf_lines(std::string_view text);

}  // namespace postrider::queue
