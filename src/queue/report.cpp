#include "queue/report.h"

#include <fmt/chrono.h>
#include <fmt/core.h>

namespace postrider::queue {
namespace {

struct Words {
    std::string_view action, subject, text, default_status;
};

Words words(Action action) {
    switch (action) {
        case Action::failed:
            return {"failed", "Permanent failure notice",
                    "Your message could not be delivered to the following recipients. It will not be tried "
                    "again.",
                    "5.0.0"};
        case Action::delayed:
            return {"delayed", "Temporary failure notice",
                    "Your message has not yet been delivered to the following recipients. You need not send "
                    "it again: it "
                    "will be tried until the date given below.",
                    "4.0.0"};
        case Action::delivered:
            return {"delivered", "Delivery notice", "Your message was delivered to the following recipients.",
                    "2.0.0"};
        case Action::relayed:
            return {"relayed", "Delivery notice",
                    "Your message was handed to a server that does not confirm delivery, for the following "
                    "recipients.",
                    "2.0.0"};
        case Action::expanded:
            return {"expanded", "Delivery notice",
                    "Your message was delivered to the members of the following groups.", "2.0.0"};
    }
    return {};
}

std::string mail_date(Time time) {
    return fmt::format("{:%a, %d %b %Y %H:%M:%S} +0000",
                       fmt::gmtime(std::chrono::system_clock::to_time_t(time)));
}

/// Header values and report fields are single lines whatever a peer has put into them.
std::string one_line(std::string_view text) {
    std::string line;
    for (char c : text) line.push_back(static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c);
    return line;
}

/// The empty line that ends the header stays with what is cut off.
std::string_view header_of(std::string_view message) {
    auto end = message.find("\r\n\r\n");
    return end == std::string_view::npos ? message : message.substr(0, end + 2);
}

bool is_ascii(std::string_view text) {
    for (char c : text)
        if (static_cast<unsigned char>(c) >= 0x80) return false;
    return true;
}

}  // namespace

std::string make_report(Action action, const Envelope& envelope,
                        const std::vector<const Recipient*>& recipients, std::string_view original,
                        const ReportOptions& options) {
    Words w = words(action);
    bool whole = action == Action::failed && envelope.return_full;
    std::string_view returned = whole ? original : header_of(original);

    std::string out;
    auto add = [&out]<class... Args>(fmt::format_string<Args...> text, Args&&... args) {
        fmt::format_to(std::back_inserter(out), text, std::forward<Args>(args)...);
    };
    add("From: Mail Delivery System <MAILER-DAEMON@{}>\r\n", options.host);
    add("To: <{}>\r\n", envelope.reverse_path.text());
    add("Subject: {}\r\n", w.subject);
    add("Date: {}\r\n", mail_date(options.now));
    add("Message-ID: <{}@{}>\r\n", options.boundary, options.host);
    add("Auto-Submitted: auto-replied\r\n");  // RFC 3834 §5
    add("MIME-Version: 1.0\r\n");
    add("Content-Type: multipart/report; report-type=delivery-status;\r\n\tboundary=\"{}\"\r\n\r\n",
        options.boundary);

    add("--{}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n",
        options.boundary);
    add("This is the mail system at {}.\r\n\r\n{}\r\n\r\n", options.host, w.text);
    for (const Recipient* r : recipients)
        add("<{}>\r\n    {}\r\n", r->address.text(), one_line(r->diagnostic));
    if (action == Action::delayed)
        add("\r\nDelivery will be tried until {}.\r\n", mail_date(options.give_up));

    add("\r\n--{}\r\nContent-Type: message/delivery-status\r\n\r\n", options.boundary);
    if (!envelope.envid.empty()) add("Original-Envelope-Id: {}\r\n", one_line(envelope.envid));
    add("Reporting-MTA: dns; {}\r\n", options.host);
    add("Arrival-Date: {}\r\n", mail_date(envelope.arrival));
    for (const Recipient* r : recipients) {
        add("\r\n");
        if (!r->original.empty()) add("Original-Recipient: {}\r\n", one_line(r->original));
        std::string address = r->address.text();
        add("Final-Recipient: {}; {}\r\n", is_ascii(address) ? "rfc822" : "utf-8",
            one_line(address));  // RFC 6533 §3
        add("Action: {}\r\nStatus: {}\r\n", w.action,
            r->status.empty() ? w.default_status : std::string_view{r->status});
        if (!r->diagnostic.empty()) add("Diagnostic-Code: x-postrider; {}\r\n", one_line(r->diagnostic));
        if (action == Action::delayed) add("Will-Retry-Until: {}\r\n", mail_date(options.give_up));
    }

    add("\r\n--{}\r\nContent-Type: {}\r\nContent-Transfer-Encoding: {}\r\n\r\n", options.boundary,
        whole ? "message/rfc822" : "text/rfc822-headers", is_ascii(returned) ? "7bit" : "8bit");
    out.append(returned);
    add("\r\n--{}--\r\n", options.boundary);
    return out;
}

}  // namespace postrider::queue
