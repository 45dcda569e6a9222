#include "queue/report_text.h"

#include <fmt/chrono.h>
#include <fmt/core.h>

#include "text/ascii.h"

namespace postrider::queue {
namespace {

Texts built_in(Action action) {
    constexpr std::string_view ndr_line = "<%ndrRcptAddress%>\n    %ndrRcptFailInfo%",
                               dsn_line = "<%dsnRcptAddress%>\n    %dsnRcptStatus%";
    Texts t;
    t.rcpt_message = action == Action::failed || action == Action::delayed ? ndr_line : dsn_line;
    switch (action) {
        case Action::failed:
            t.action = "failed";
            t.default_status = "5.0.0";
            t.subject = "Permanent failure notice";
            t.message =
                "This is the mail system at %serverName%.\n\nYour message could not be delivered to the "
                "recipients below. It will not be tried again.";
            t.footer = "Attempts made: %ndrRetryCount%";
            break;
        case Action::delayed:
            t.action = "delayed";
            t.default_status = "4.0.0";
            t.subject = "Temporary failure notice";
            t.message =
                "This is the mail system at %serverName%.\n\nYour message has not been delivered yet to the "
                "recipients below. You need not send it again.";
            t.footer =
                "Attempts made: %ndrRetryCount%. Attempts that follow: %ndrRemainingRetryCount%, the next on "
                "%ndrRescheduleDate%";
            break;
        case Action::delivered:
            t.action = "delivered";
            t.message = "Your message was delivered to the recipients below.";
            break;
        case Action::relayed:
            t.action = "relayed";
            t.message =
                "Your message was handed to a server that does not confirm delivery, for the recipients "
                "below.";
            break;
        case Action::expanded:
            t.action = "expanded";
            t.message = "Your message was delivered to the members of the groups below.";
            break;
    }
    if (t.subject.empty()) {
        t.default_status = "2.0.0";
        t.subject = "Delivery notice";
        t.message = "This is the mail system at %serverName%.\n\n" + t.message;
    }
    return t;
}

}  // namespace

Texts texts_of(Action action, const Notice& notice) {
    Texts texts = built_in(action);
    if (!notice.subject.empty()) texts.subject = notice.subject;
    if (!notice.message.empty()) texts.message = notice.message;
    if (!notice.rcpt_message.empty()) texts.rcpt_message = notice.rcpt_message;
    if (!notice.footer.empty()) texts.footer = notice.footer;
    return texts;
}

std::string expand(std::string_view text, const Variables& variables) {
    std::string out;
    while (true) {
        const auto open = text.find('%');
        out.append(text.substr(0, open));
        if (open == std::string_view::npos) return out;
        const auto close = text.find('%', open + 1);
        const std::string_view name =
            close == std::string_view::npos ? std::string_view{} : text.substr(open + 1, close - open - 1);
        const std::string* value = nullptr;
        for (const auto& [known, is] : variables)
            if (text::equal_ci(known, name)) value = &is;
        if (value) {
            out.append(*value);
            text.remove_prefix(close + 1);
        } else {
            out.push_back('%');
            text.remove_prefix(open + 1);
        }
    }
}

std::string mail_date(Time time) {
    return fmt::format("{:%a, %d %b %Y %H:%M:%S} +0000",
                       fmt::gmtime(std::chrono::system_clock::to_time_t(time)));
}

std::string one_line(std::string_view text) {
    std::string line;
    for (char c : text) line.push_back(static_cast<unsigned char>(c) < 0x20 || c == 0x7f ? ' ' : c);
    return line;
}

std::string crlf_lines(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\r') continue;
        if (text[i] == '\n')
            out.append("\r\n");
        else
            out.push_back(text[i]);
    }
    if (!out.ends_with("\r\n")) out.append("\r\n");
    return out;
}

}  // namespace postrider::queue
