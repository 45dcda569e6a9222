#include "queue/report.h"

#include <fmt/core.h>

#include <algorithm>

#include "mime/encoded_word.h"
#include "queue/report_text.h"
#include "text/ascii.h"
#include "text/utf8.h"

namespace postrider::queue {
namespace {

constexpr std::size_t largest_returned = 10u << 20;

/// The empty line that ends the header stays with what is cut off.
std::string_view header_of(std::string_view message) {
    auto end = message.find("\r\n\r\n");
    return end == std::string_view::npos ? message : message.substr(0, end + 2);
}

/// RFC 6533 §3, utf-8-addr-xtext: an address that is not US-ASCII where only that may stand.
std::string xtext_address(std::string_view address) {
    std::string out;
    while (!address.empty()) {
        const char32_t c = text::take_code_point(address);
        if (c < 0x80 && c > 0x20 && c != '\\' && c != '+' && c != '=' && c != 0x7f)
            out.push_back(static_cast<char>(c));
        else
            out += fmt::format("\\x{{{:X}}}", c == text::malformed ? 0xfffdu : static_cast<std::uint32_t>(c));
    }
    return out;
}

class Writer {
public:
    Writer(Action action, const Envelope& envelope, const std::vector<const Recipient*>& recipients,
           std::string_view original, const ReportOptions& options)
        : action_{action},
          envelope_{envelope},
          recipients_{recipients},
          original_{original},
          options_{options},
          texts_{texts_of(action, options.notice)} {
        auto beyond_ascii = [](const Recipient* r) {
            return !text::is_ascii(r->address.local) || !text::is_ascii(r->address.domain)
                   || !text::is_ascii(r->original);
        };
        // Only who uses SMTPUTF8 is known to read what RFC 6533 has for it.
        global_ =
            envelope.smtputf8
            && (std::ranges::any_of(recipients, beyond_ascii) || !text::is_ascii(envelope.reverse_path.text())
                || !text::is_ascii(header_of(original)));
    }

    Report write() {
        header();
        for_people();
        for_programs();
        returned();
        add("\r\n--{}--\r\n", options_.boundary);
        report_.eight_bit = !text::is_ascii(report_.message);
        report_.smtputf8 = global_ || !text::is_ascii(envelope_.reverse_path.text());
        return std::move(report_);
    }

private:
    template <class... Args>
    void add(fmt::format_string<Args...> format, Args&&... args) {
        fmt::format_to(std::back_inserter(report_.message), format, std::forward<Args>(args)...);
    }

    Variables variables() const {
        std::uint32_t attempts = 0;
        for (const Recipient* r : recipients_) attempts = std::max(attempts, r->attempts);
        return {{"serverName", options_.host},
                {"ndrRetryCount", std::to_string(attempts)},
                {"ndrRemainingRetryCount", std::to_string(options_.remaining_attempts)},
                {"ndrRescheduleDate", mail_date(options_.next_attempt)},
                {"mailFrom", envelope_.reverse_path.text()}};
    }

    void header() {
        const std::string& sender = options_.notice.sender;
        report_.sender = sender.empty() ? "MAILER-DAEMON@" + options_.host : expand(sender, variables());
        add("From: Mail Delivery System <{}>\r\n", one_line(report_.sender));
        add("To: <{}>\r\n", envelope_.reverse_path.text());
        add("Subject: {}\r\n", mime::encode_words(one_line(expand(texts_.subject, variables()))));
        add("Date: {}\r\n", mail_date(options_.now));
        add("Message-ID: <{}@{}>\r\n", options_.boundary, options_.host);
        add("Auto-Submitted: auto-replied\r\n");  // RFC 3834 §5
        add("MIME-Version: 1.0\r\n");
        add("Content-Type: multipart/report; report-type=delivery-status;\r\n\tboundary=\"{}\"\r\n\r\n",
            options_.boundary);
    }

    void for_people() {
        const Variables known = variables();
        std::string body = crlf_lines(expand(texts_.message, known)) + "\r\n";
        for (const Recipient* r : recipients_) {
            Variables one = known;
            const std::string address = r->address.text(), what = one_line(r->diagnostic);
            one.emplace_back("ndrRcptAddress", address);
            one.emplace_back("ndrRcptFailInfo", what);
            one.emplace_back("dsnRcptAddress", address);
            one.emplace_back("dsnRcptStatus", what);
            body += crlf_lines(expand(texts_.rcpt_message, one));
        }
        if (!texts_.footer.empty()) body += "\r\n" + crlf_lines(expand(texts_.footer, known));
        if (options_.give_up)
            body += fmt::format("\r\nDelivery will be tried until {}.\r\n", mail_date(*options_.give_up));
        const bool ascii = text::is_ascii(body);
        add("--{}\r\nContent-Type: text/plain; charset={}\r\nContent-Transfer-Encoding: {}\r\n\r\n{}",
            options_.boundary, ascii ? "us-ascii" : "utf-8", ascii ? "7bit" : "8bit", body);
    }

    std::string typed_address(std::string_view address) const {
        if (text::is_ascii(address)) return "rfc822; " + one_line(address);
        return "utf-8; " + (global_ ? one_line(address) : xtext_address(address));  // RFC 6533 §3
    }

    /// ORCPT as it was given: its type and the address, decoded.
    std::string original_recipient(const std::string& original) const {
        if (text::is_ascii(original) || global_) return one_line(original);
        const auto semicolon = original.find(';');
        return one_line(original.substr(0, semicolon)) + ";"
               + xtext_address(std::string_view{original}.substr(std::min(semicolon + 1, original.size())));
    }

    void for_programs() {
        add("\r\n--{}\r\n", options_.boundary);
        if (global_)
            add("Content-Type: message/global-delivery-status\r\nContent-Transfer-Encoding: 8bit\r\n\r\n");
        else
            add("Content-Type: message/delivery-status\r\n\r\n");
        if (!envelope_.envid.empty()) add("Original-Envelope-Id: {}\r\n", one_line(envelope_.envid));
        add("Reporting-MTA: dns; {}\r\n", options_.host);
        if (!envelope_.helo.empty() && text::is_ascii(envelope_.helo))
            add("Received-From-MTA: dns; {}\r\n", one_line(envelope_.helo));
        add("Arrival-Date: {}\r\n", mail_date(envelope_.arrival));
        if (envelope_.deliver_by)
            add("Deliver-By-Date: {}\r\n", mail_date(envelope_.deliver_by->time));  // RFC 2852
        if (!envelope_.release_asked.empty())
            add("Future-Release-Request: {}\r\n", one_line(envelope_.release_asked));  // RFC 4865
        for (const Recipient* r : recipients_) about(*r);
    }

    void about(const Recipient& r) {
        add("\r\n");
        if (!r.original.empty()) add("Original-Recipient: {}\r\n", original_recipient(r.original));
        add("Final-Recipient: {}\r\n", typed_address(r.address.text()));
        add("Action: {}\r\nStatus: {}\r\n", texts_.action,
            r.status.empty() ? texts_.default_status : std::string_view{r.status});
        if (!r.remote_host.empty()) add("Remote-MTA: dns; {}\r\n", one_line(r.remote_host));
        if (!r.diagnostic.empty()) {
            const std::string what =
                text::is_ascii(r.diagnostic) || global_ ? one_line(r.diagnostic) : ascii_only(r.diagnostic);
            // What another host said begins with its reply code; the rest is ours.
            const bool reply = !r.remote_host.empty() && what.size() > 3 && text::is_digit(what[0])
                               && text::is_digit(what[1]) && text::is_digit(what[2]);
            add("Diagnostic-Code: {}; {}\r\n", reply ? "smtp" : "x-postrider", what);
        }
        if (r.last_attempt != Time{}) add("Last-Attempt-Date: {}\r\n", mail_date(r.last_attempt));
        if (options_.give_up) add("Will-Retry-Until: {}\r\n", mail_date(*options_.give_up));
    }

    static std::string ascii_only(std::string_view diagnostic) {
        std::string out = one_line(diagnostic);
        for (char& c : out)
            if (static_cast<unsigned char>(c) >= 0x80) c = '?';
        return out;
    }

    void returned() {
        if (options_.notice.attach == Attach::none) return;
        // RFC 8689 §5: as if RET=HDRS had been said
        const bool whole = action_ == Action::failed && !envelope_.require_tls
                           && (envelope_.return_full
                               || (options_.notice.attach == Attach::full && !envelope_.return_headers))
                           && original_.size() <= largest_returned;
        const std::string_view what = whole ? original_ : header_of(original_);
        std::string_view type = whole ? "message/rfc822" : "text/rfc822-headers";
        if (global_) type = whole ? "message/global" : "message/global-headers";
        add("\r\n--{}\r\nContent-Type: {}\r\nContent-Transfer-Encoding: {}\r\n\r\n", options_.boundary, type,
            text::is_ascii(what) ? "7bit" : "8bit");
        report_.message.append(what);
    }

    Action action_;
    const Envelope& envelope_;
    const std::vector<const Recipient*>& recipients_;
    std::string_view original_;
    const ReportOptions& options_;
    Texts texts_;
    bool global_ = false;
    Report report_;
};

}  // namespace

Report make_report(Action action, const Envelope& envelope, const std::vector<const Recipient*>& recipients,
                   std::string_view original, const ReportOptions& options) {
    return Writer{action, envelope, recipients, original, options}.write();
}

}  // namespace postrider::queue
