#include "app/sendmail.h"

#include <fmt/core.h>

#include "mime/address.h"
#include "mime/address_list.h"
#include "mime/header.h"
#include "queue/envelope.h"
#include "text/ascii.h"

namespace postrider::app {
namespace {

/// Options of the command that programs have called so since 1983; those with a value.
constexpr std::string_view with_value = "ABCFLNORVXbfhopr";
/// With a value only where it is written right behind.
constexpr std::string_view with_attached_value = "dqeE";
constexpr std::string_view flags = "GIUacimnstvxw";

std::string without_brackets(std::string_view address) {
    address = text::trim(address);
    if (address.starts_with('<') && address.ends_with('>')) address = address.substr(1, address.size() - 2);
    return std::string{address};
}

std::expected<unsigned, std::string> notify_bits(std::string_view words) {
    using queue::Notify;
    unsigned bits = 0;
    while (!words.empty()) {
        std::string_view word = text::trim(words.substr(0, words.find(',')));
        words.remove_prefix(
            std::min(words.size(), words.find(',') == words.npos ? words.size() : words.find(',') + 1));
        if (text::equal_ci(word, "never"))
            bits |= Notify::never;
        else if (text::equal_ci(word, "success"))
            bits |= Notify::success;
        else if (text::equal_ci(word, "failure"))
            bits |= Notify::failure;
        else if (text::equal_ci(word, "delay"))
            bits |= Notify::delay;
        else
            return std::unexpected(
                fmt::format("-N takes never, or success, failure and delay, not '{}'", word));
    }
    if ((bits & Notify::never) != 0 && bits != Notify::never)
        return std::unexpected("-N never stands alone");  // RFC 3461 §4.1
    return bits;
}

std::expected<void, std::string> take(SendmailCall& call, char option, const std::string& value) {
    using Mode = SendmailCall::Mode;
    switch (option) {
        case 'b':
            if (value == "m") return {};
            if (value == "p") return (call.mode = Mode::queue), std::expected<void, std::string>{};
            if (value == "i") return (call.mode = Mode::aliases), std::expected<void, std::string>{};
            if (value == "s") return (call.mode = Mode::smtp), std::expected<void, std::string>{};
            if (value == "d" || value == "D" || value == "l")
                return std::unexpected("The server is started by `postrider serve`, not by sendmail -b"
                                       + value);
            return std::unexpected("-b" + value + " is not known here");
        case 'f':
        case 'r':
            call.sender_given = true;
            call.sender = without_brackets(value);
            break;
        case 'F': call.full_name = value; break;
        case 'i': call.dot_ends = false; break;
        case 'o':
            if (value == "i") call.dot_ends = false;
            break;
        case 't': call.read_recipients = true; break;
        case 'q': call.mode = Mode::retry; break;
        case 'N': {
            auto bits = notify_bits(value);
            if (!bits) return std::unexpected(bits.error());
            call.notify = *bits;
            break;
        }
        case 'R':
            if (!text::equal_ci(value, "full") && !text::equal_ci(value, "hdrs"))
                return std::unexpected("-R takes full or hdrs, not '" + value + "'");
            call.return_full = text::equal_ci(value, "full");
            break;
        case 'V': call.envid = value; break;
        default: break;  // meant for another program's queue or network: nothing that we could do wrong
    }
    return {};
}

/// Lines with CRLF. A CR alone ends a line too: left inside, another host might see a line's end there.
std::string with_crlf(std::string_view input, bool dot_ends) {
    std::string out;
    out.reserve(input.size() + input.size() / 32 + 2);
    // What mbox files and some programs put in front.
    if (input.starts_with("From ")) input.remove_prefix(std::min(input.size(), input.find('\n') + 1));
    while (!input.empty()) {
        std::size_t end = input.find_first_of("\r\n");
        std::string_view line = input.substr(0, end);
        if (dot_ends && line == ".") break;
        out.append(line).append("\r\n");
        if (end == input.npos) break;
        const bool both = input[end] == '\r' && end + 1 < input.size() && input[end + 1] == '\n';
        input.remove_prefix(end + (both ? 2 : 1));
    }
    return out;
}

}  // namespace

std::expected<SendmailCall, std::string> parse_sendmail(std::string_view program,
                                                        const std::vector<std::string>& arguments) {
    SendmailCall call;
    if (program == "mailq") call.mode = SendmailCall::Mode::queue;
    if (program == "newaliases") call.mode = SendmailCall::Mode::aliases;
    bool options = true;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const std::string& one = arguments[i];
        if (!options || !one.starts_with('-') || one == "-") {
            call.recipients.push_back(without_brackets(one));
            continue;
        }
        if (one == "--") {
            options = false;
            continue;
        }
        for (std::size_t at = 1; at < one.size(); ++at) {
            const char option = one[at];
            std::string value;
            const bool attached = with_attached_value.find(option) != std::string_view::npos;
            if (attached || with_value.find(option) != std::string_view::npos) {
                value = one.substr(at + 1);
                if (value.empty() && !attached) {
                    if (++i == arguments.size())
                        return std::unexpected(fmt::format("-{} needs a value", option));
                    value = arguments[i];
                }
                at = one.size();
            } else if (flags.find(option) == std::string_view::npos) {
                return std::unexpected(fmt::format("The option -{} is not known", option));
            }
            if (auto ok = take(call, option, value); !ok) return std::unexpected(ok.error());
        }
    }
    return call;
}

Composed compose(std::string_view input, const SendmailCall& call) {
    Composed made;
    made.recipients = call.recipients;
    const std::string text = with_crlf(input, call.dot_ends);
    // A message that is sent again goes to the Resent recipients alone (RFC 5322 §3.6.6).
    bool resent = false;
    mime::HeaderReader look{text};
    for (mime::Field field; look.next(field);)
        resent = resent || text::equal_ci(field.name.substr(0, 7), "Resent-");
    mime::HeaderReader header{text};
    for (mime::Field field; header.next(field);) {
        auto is = [&](std::string_view name) { return text::equal_ci(field.name, name); };
        const bool blind = is("Bcc") || is("Resent-Bcc");
        const bool named = resent ? is("Resent-To") || is("Resent-Cc") || is("Resent-Bcc")
                                  : is("To") || is("Cc") || is("Bcc");
        if (call.read_recipients && named)
            for (const mime::Address& one : mime::parse_address_list(field.value))
                if (!one.local.empty())
                    made.recipients.push_back(
                        one.domain.empty() ? one.local : mime::AddrSpec{one.local, one.domain}.text());
        if (!blind && !is("Return-Path")) made.message.append(field.bytes);
    }
    made.message.append(std::string_view{text}.substr(header.position()));
    return made;
}

}  // namespace postrider::app
