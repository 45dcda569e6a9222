#include "relay/wire/command.h"

#include <fmt/format.h>

#include "text/ascii.h"
#include "text/idna.h"
#include "text/utf8.h"

namespace postrider::relay {
namespace {

constexpr char hex[] = "0123456789ABCDEF";

bool plain_in_xtext(unsigned char octet) {
    return octet > 32 && octet < 127 && octet != '+' && octet != '=';
}

void append_escaped(std::string& out, unsigned char octet) {
    out.push_back('+');
    out.push_back(hex[octet >> 4]);
    out.push_back(hex[octet & 15]);
}

void append_notify(std::string& out, std::uint8_t notify) {
    using queue::Notify;
    if (notify == Notify::unsaid) return;
    out.append(" NOTIFY=");
    if (notify & Notify::never) {
        out.append("NEVER");
        return;
    }
    const std::size_t start = out.size();
    const auto word = [&](Notify::Bit bit, std::string_view text) {
        if ((notify & bit) == 0) return;
        if (out.size() != start) out.push_back(',');
        out.append(text);
    };
    word(Notify::success, "SUCCESS");
    word(Notify::failure, "FAILURE");
    word(Notify::delay, "DELAY");
}

/// RFC 2852 §4.1.4.2
std::uint8_t with_delay(std::uint8_t notify) {
    using queue::Notify;
    if (notify == Notify::unsaid) return Notify::failure | Notify::delay;
    return (notify & Notify::never) != 0 ? notify : static_cast<std::uint8_t>(notify | Notify::delay);
}

}  // namespace

void append_xtext(std::string& out, std::string_view text) {
    for (const char c : text) {
        const auto octet = static_cast<unsigned char>(c);
        if (plain_in_xtext(octet))
            out.push_back(c);
        else
            append_escaped(out, octet);
    }
}

void append_utf8_xtext(std::string& out, std::string_view text, bool smtputf8) {
    while (!text.empty()) {
        const std::string_view before = text;
        const char32_t point = text::take_code_point(text);
        const std::string_view octets = before.substr(0, before.size() - text.size());
        if (point > 127 && point != text::malformed && smtputf8)
            out.append(octets);
        else if (point != '\\' && octets.size() == 1 && plain_in_xtext(static_cast<unsigned char>(octets[0])))
            out.append(octets);
        else if (point == text::malformed)
            out.append("\\x{FFFD}");
        else
            fmt::format_to(std::back_inserter(out), "\\x{{{:02X}}}", static_cast<std::uint32_t>(point));
    }
}

std::optional<std::string> path_text(const mime::AddrSpec& address, bool smtputf8) {
    if (address.null()) return std::string{};
    if (text::is_ascii(address.local) && text::is_ascii(address.domain)) return address.text();
    if (smtputf8) return address.text();
    if (!text::is_ascii(address.local)) return std::nullopt;
    auto domain = text::to_alabels(address.domain);
    if (!domain) return std::nullopt;
    const mime::AddrSpec plain{address.local, std::move(*domain)};
    return plain.text();
}

void append_mail(std::string& out, std::string_view path, const MailParameters& parameters) {
    out.append("MAIL FROM:<").append(path).append(">");
    if (parameters.size) fmt::format_to(std::back_inserter(out), " SIZE={}", *parameters.size);
    if (parameters.body == MailParameters::Body::eight_bit) out.append(" BODY=8BITMIME");
    if (parameters.body == MailParameters::Body::binary) out.append(" BODY=BINARYMIME");
    if (parameters.smtputf8) out.append(" SMTPUTF8");
    if (parameters.require_tls) out.append(" REQUIRETLS");
    if (parameters.priority) fmt::format_to(std::back_inserter(out), " MT-PRIORITY={}", *parameters.priority);
    if (parameters.dsn && !parameters.return_unsaid)
        out.append(parameters.return_full ? " RET=FULL" : " RET=HDRS");
    if (parameters.dsn && !parameters.envid.empty()) {
        out.append(" ENVID=");
        append_xtext(out, parameters.envid);
    }
    if (!parameters.by.empty()) out.append(" BY=").append(parameters.by);
    out.append("\r\n");
}

void append_rcpt(std::string& out, std::string_view path, const queue::Recipient& recipient,
                 const MailParameters& parameters) {
    out.append("RCPT TO:<").append(path).append(">");
    if (parameters.dsn) {
        append_notify(out, parameters.ask_delay ? with_delay(recipient.notify) : recipient.notify);
        const std::string_view original = recipient.original;
        if (const std::size_t semicolon = original.find(';'); semicolon != std::string_view::npos) {
            const std::string_view type = original.substr(0, semicolon);
            const std::string_view address = original.substr(semicolon + 1);
            out.append(" ORCPT=").append(type).append(";");
            if (text::equal_ci(type, "utf-8"))
                append_utf8_xtext(out, address, parameters.smtputf8);
            else
                append_xtext(out, address);
        }
    }
    out.append("\r\n");
}

}  // namespace postrider::relay
