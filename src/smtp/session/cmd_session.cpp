#include <fmt/chrono.h>
#include <fmt/core.h>

#include "smtp/session/session.h"
#include "text/ascii.h"

/// Commands that concern the session: who is there, what is spoken, protection, good-bye.
namespace postrider::smtp {
namespace {

/// RFC 5321 §4.1.1.1 wants a domain or an address literal; what is one word without control characters is
/// taken, since many clients know no better name (§4.1.4: a wrong one must not be refused for that alone).
bool acceptable_host(std::string_view host) {
    if (host.empty() || host.size() > 255) return false;
    for (char c : host)
        if (static_cast<unsigned char>(c) <= 0x20 || c == 0x7f) return false;
    return true;
}

std::string_view trimmed(std::string_view text) {
    while (text.ends_with(' ')) text.remove_suffix(1);
    while (text.starts_with(' ')) text.remove_prefix(1);
    return text;
}

}  // namespace

net::Task<> Session::greet(std::string_view host, std::string_view verb) {
    host = trimmed(host);
    if (lmtp() != (verb == "LHLO")) {  // RFC 2033 §4.1
        fault(500, "5.5.1", lmtp() ? "This is LMTP: send LHLO" : "This is SMTP: send EHLO");
        co_return;
    }
    if (!acceptable_host(host)) {
        fault(501, "5.5.4", fmt::format("{} needs the name of your host", verb));
        co_return;
    }
    extended_ = verb != "HELO";
    helo_ = host;
    state_ = greeted;
    reset();
    if (visit_) {
        const bool welcome = co_await ask_ehlo();
        if (!welcome) {
            state_ = connected;
            co_return;
        }
    }
    if (extended_)
        extensions();
    else
        reply(250, "", fmt::format("{} Postrider ESMTP hello", s_.host));
}

void Session::extensions() {
    const screening::Allowances& allow = allow_;
    const SmtpSettings& settings = s_.settings;
    std::vector<std::string> lines;
    lines.push_back(fmt::format("{} Postrider {} hello", s_.host, lmtp() ? "LMTP" : "ESMTP"));
    if (allow.allow_pipelining || lmtp()) lines.emplace_back("PIPELINING");  // RFC 2033 §4.1 demands it
    lines.push_back(fmt::format("SIZE {}", size_limit()));
    if (allow.allow_8bit_mime) lines.emplace_back("8BITMIME");
    if (settings.allow_smtp_utf8 && allow.allow_8bit_mime) lines.emplace_back("SMTPUTF8");  // RFC 6531 §3.1
    if (allow.allow_binary_data) {
        lines.emplace_back("CHUNKING");
        lines.emplace_back("BINARYMIME");
    }
    lines.emplace_back("ENHANCEDSTATUSCODES");
    if (allow.allow_dsn) lines.emplace_back("DSN");
    // RFC 8689 §2: only inside TLS. LMTP hands over for good, and asks nobody to send on.
    if (peer_.secure() && !lmtp()) lines.emplace_back("REQUIRETLS");
    if (settings.allow_deliver_by)
        lines.push_back(settings.min_deliver_by.count() > 0
                            ? fmt::format("DELIVERBY {}", settings.min_deliver_by.count())
                            : "DELIVERBY");
    if (settings.allow_future_release && entrance_.protocol == Protocol::submission) {  // RFC 4865 §3
        const auto last = std::chrono::system_clock::to_time_t(s_.clock.now() + settings.max_future_release);
        lines.push_back(fmt::format("FUTURERELEASE {} {:%Y-%m-%dT%H:%M:%SZ}",
                                    settings.max_future_release.count(), fmt::gmtime(last)));
    }
    if (settings.allow_mt_priority) lines.emplace_back("MT-PRIORITY");
    if (allow.allow_start_tls && entrance_.tls && !peer_.secure()) lines.emplace_back("STARTTLS");
    if (!account_)
        if (auto mechanisms = offered_mechanisms(); !mechanisms.empty())
            lines.push_back("AUTH " + mechanisms.names());
    reply_lines(250, lines);
}

net::Task<> Session::ehlo(std::string_view host) {
    return greet(host, "EHLO");
}

net::Task<> Session::helo(std::string_view host) {
    return greet(host, "HELO");
}

net::Task<> Session::lhlo(std::string_view host) {
    return greet(host, "LHLO");
}

net::Task<> Session::starttls(std::string_view arguments) {
    if (!arguments.empty()) {
        fault(501, "5.5.4", "STARTTLS has no parameters");  // RFC 3207 §4
        co_return;
    }
    if (peer_.secure()) {
        fault(503, "5.5.1", "TLS is active already");
        co_return;
    }
    if (!allow_.allow_start_tls || !entrance_.tls) {
        fault(454, "4.7.0", "TLS is not available here");
        co_return;
    }
    reply(220, "2.0.0", "Ready to start TLS");
    co_await peer_.flush();
    std::size_t dropped = co_await peer_.start_tls(entrance_.tls);
    if (dropped != 0)
        s_.log.warning(id_, "[{}] sent {} bytes between STARTTLS and the handshake: dropped", peer_.peer().ip,
                       dropped);
    s_.log.info(id_, "TLS session established: {} {}", peer_.tls()->version, peer_.tls()->cipher);
    // RFC 3207 §4.2: what was said before is forgotten.
    transaction_.reset();
    state_ = connected;
    helo_.clear();
    account_.reset();
}

net::Task<> Session::noop(std::string_view) {
    reply(250, "2.0.0", "OK");
    co_return;
}

net::Task<> Session::help(std::string_view) {
    reply(214, "2.0.0",
          "Commands: EHLO HELO STARTTLS AUTH MAIL RCPT DATA BDAT RSET NOOP VRFY QUIT; see RFC 5321");
    co_return;
}

net::Task<> Session::vrfy(std::string_view arguments) {
    // RFC 5321 §7.3: to tell who exists would help address collectors only.
    if (trimmed(arguments).empty())
        fault(501, "5.5.4", "VRFY needs an address");
    else
        reply(252, "2.5.2", "Cannot verify, but will take mail and try to deliver it");
    co_return;
}

net::Task<> Session::expn(std::string_view) {
    fault(502, "5.7.0", "Lists are not shown");
    co_return;
}

net::Task<> Session::quit(std::string_view) {
    reply(221, "2.0.0", fmt::format("{} have a nice day", s_.host));
    done_ = true;
    co_return;
}

}  // namespace postrider::smtp
