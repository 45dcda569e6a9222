#include "relay/wire/extensions.h"

#include <charconv>

#include "text/ascii.h"

namespace postrider::relay {
namespace {

using text::equal_ci;

constexpr std::size_t max_mechanisms = 32;

/// The next word of `rest`, which moves on; "" at the end.
std::string_view word(std::string_view& rest) {
    while (!rest.empty() && text::is_blank(rest.front())) rest.remove_prefix(1);
    std::size_t size = 0;
    while (size < rest.size() && !text::is_blank(rest[size])) ++size;
    const std::string_view found = rest.substr(0, size);
    rest.remove_prefix(size);
    return found;
}

template <class T>
T number(std::string_view digits) {
    T value{};
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    return error == std::errc{} && end == digits.data() + digits.size() ? value : T{};
}

void limits(std::string_view rest, Extensions& out) {
    for (std::string_view one = word(rest); !one.empty(); one = word(rest)) {
        const std::size_t equals = one.find('=');
        if (equals == std::string_view::npos) continue;
        const auto value = number<std::size_t>(one.substr(equals + 1));
        if (equal_ci(one.substr(0, equals), "RCPTMAX")) out.rcpt_max = value;
        if (equal_ci(one.substr(0, equals), "MAILMAX")) out.mail_max = value;
    }
}

void keyword(std::string_view line, Extensions& out) {
    std::string_view rest = line;
    std::string_view name = word(rest);
    // "AUTH=PLAIN" is how some servers said it before the RFC; they say it properly too.
    if (equal_ci(name, "PIPELINING")) {
        out.pipelining = true;
    } else if (equal_ci(name, "8BITMIME")) {
        out.eight_bit_mime = true;
    } else if (equal_ci(name, "CHUNKING")) {
        out.chunking = true;
    } else if (equal_ci(name, "BINARYMIME")) {
        out.binary_mime = true;
    } else if (equal_ci(name, "SMTPUTF8")) {
        out.smtputf8 = true;
    } else if (equal_ci(name, "DSN")) {
        out.dsn = true;
    } else if (equal_ci(name, "STARTTLS")) {
        out.starttls = true;
    } else if (equal_ci(name, "REQUIRETLS")) {
        out.require_tls = true;
    } else if (equal_ci(name, "MT-PRIORITY")) {
        out.mt_priority = true;
    } else if (equal_ci(name, "SIZE")) {
        out.size = true;
        out.size_limit = number<std::uint64_t>(word(rest));
    } else if (equal_ci(name, "DELIVERBY")) {
        out.deliver_by = true;
        // RFC 2852 §3: min-by-time *( "," extension-token )
        const std::string_view said = word(rest);
        out.deliver_by_min = number<std::int64_t>(said.substr(0, said.find(',')));
    } else if (equal_ci(name, "LIMITS")) {
        limits(rest, out);
    } else if (equal_ci(name, "AUTH")) {
        for (std::string_view one = word(rest); !one.empty() && out.auth.size() < max_mechanisms;
             one = word(rest))
            out.auth.push_back(text::to_upper(one));
    }
}

}  // namespace

Extensions parse_extensions(std::string_view text) {
    Extensions out;
    std::size_t end = text.find('\n');
    while (end != std::string_view::npos) {
        text.remove_prefix(end + 1);
        end = text.find('\n');
        keyword(text.substr(0, end), out);
    }
    // RFC 3030 §3: BINARYMIME means nothing without CHUNKING.
    out.binary_mime = out.binary_mime && out.chunking;
    return out;
}

}  // namespace postrider::relay
