#include "pop3/session/session.h"

#include <fmt/core.h>

#include "text/ascii.h"

namespace postrider::pop3 {
namespace {

/// RFC 2449 §4 gives 255 octets; AUTH's initial response needs more (RFC 5034 §4).
constexpr std::size_t max_line = 12'288;
constexpr std::size_t max_unsent =
    64 * 1024;  ///< answers to pipelined commands that wait to be sent together
constexpr std::size_t max_unsent_to_strangers = 4096;

std::string greeting(const Services& s, const std::string& timestamp) {
    std::string text;
    std::string_view form = s.settings.greeting;
    for (std::size_t i = 0; i < form.size(); ++i) {
        if (form[i] == '%' && i + 1 < form.size() && (form[i + 1] == 'D' || form[i + 1] == 'U'))
            text += form[++i] == 'D' ? s.host : timestamp;
        else
            text.push_back(form[i]);
    }
    return text;
}

}  // namespace

const std::array<Session::Command, 15> Session::commands{{
    // verb     allowed in (RFC 1939 §4-§6)
    {"RETR", transaction, &Session::retr},
    {"TOP", transaction, &Session::top},
    {"DELE", transaction, &Session::dele},
    {"LIST", transaction, &Session::list},
    {"UIDL", transaction, &Session::uidl},
    {"STAT", transaction, &Session::stat},
    {"NOOP", transaction, &Session::noop},
    {"RSET", transaction, &Session::rset},
    {"QUIT", any, &Session::quit},
    {"CAPA", any, &Session::capa},  // RFC 2449 §5
    {"USER", authorization, &Session::user},
    {"PASS", authorization, &Session::pass},
    {"APOP", authorization, &Session::apop},
    {"AUTH", authorization, &Session::auth},  // RFC 5034
    {"STLS", authorization, &Session::stls},  // RFC 2595 §4
}};

Session::Session(net::Stream& peer, const Services& services, const Entrance& entrance, SessionId id)
    : peer_{peer}, s_{services}, entrance_{entrance}, id_{id} {
    // RFC 1939 §7: different each time the greeting is issued.
    if (s_.authenticator.apop_available())
        timestamp_ = fmt::format(
            "<{:X}.{}@{}>", id.value(),
            std::chrono::duration_cast<std::chrono::microseconds>(s_.clock.now().time_since_epoch()).count(),
            s_.host);
}

net::Task<> Session::run() {
    s_.log.info(id_, "[{}] connection accepted from [{}]", peer_.local().text(), peer_.peer().text());
    std::exception_ptr lost;
    try {
        co_await dialogue();
    } catch (const net::SessionEnd&) {
        lost = std::current_exception();
    }
    // Without QUIT nothing is deleted (RFC 1939 §6), but what was read stays read.
    if (drop_) {
        try {
            co_await finish();
        } catch (const net::WorkerPool::Overloaded&) {
            s_.log.warning(id_, "Read messages were not marked: too busy");
        }
    }
    s_.log.info(id_, "Connection closed");
    if (lost) std::rethrow_exception(lost);
}

net::Task<> Session::finish() {
    auto mark = [this] { return drop_->mark_seen(); };
    auto marked = co_await s_.workers.run(std::move(mark));
    if (!marked) s_.log.error(id_, "Read messages could not be marked: {}", marked.error().what);
}

net::Task<> Session::dialogue() {
    ok(greeting(s_, timestamp_));
    while (!done_) {
        if (peer_.buffered().find('\n') == std::string_view::npos) co_await peer_.flush();
        net::Line line = co_await peer_.read_line(max_line);
        if (line.kind == net::Line::Kind::too_long) {
            fault("Line too long");
            continue;
        }
        s_.log.received(id_, line.text);
        std::string text{line.text};
        net::Task<> command = dispatch(text);
        if (!co_await net::unless_overloaded(std::move(command))) {
            error("[SYS/TEMP] Too busy now, try later");
            done_ = true;
        }
        // Who has not logged in may not make us hold the answers to all that was pipelined.
        co_await peer_.flush_if_large(drop_ ? max_unsent : max_unsent_to_strangers);
    }
    co_await peer_.close();
}

net::Task<> Session::dispatch(std::string_view line) {
    std::string_view verb = line.substr(0, line.find(' '));
    std::string_view arguments = line.substr(std::min(verb.size() + 1, line.size()));
    for (const Command& command : commands) {
        if (!text::equal_ci(verb, command.verb)) continue;
        if (!(command.allowed & state_)) {
            fault(state_ == authorization ? "Log in first" : "Already logged in");
            co_return;
        }
        auto handle = command.handle;
        co_await (this->*handle)(arguments);
        co_return;
    }
    fault("Unknown command");
}

void Session::ok(std::string_view text) {
    std::string line = text.empty() ? "+OK" : fmt::format("+OK {}", text);
    s_.log.sent(id_, line);
    line += "\r\n";
    peer_.send(line);
}

void Session::error(std::string_view text) {
    std::string line = fmt::format("-ERR {}", text);
    s_.log.sent(id_, line);
    line += "\r\n";
    peer_.send(line);
}

void Session::fault(std::string_view text) {
    ++errors_;
    if (s_.settings.service.max_errors != 0 && errors_ >= s_.settings.service.max_errors) {
        error("Too many errors, closing");
        done_ = true;
        return;
    }
    error(text);
}

void Session::storage_error(const mailstore::Failure& failure) {
    s_.log.error(id_, "Mailbox error: {}", failure.what);
    error(failure.kind == mailstore::MailError::gone
              ? "The message is gone: another session deleted it"
              : "[SYS/TEMP] The mailbox cannot be read now");  // RFC 3206 §4
}

net::Task<> serve(std::unique_ptr<net::Stream> peer, const Services& services, const Entrance& entrance,
                  SessionId id) {
    Session session{*peer, services, entrance, id};
    co_await session.run();
}

}  // namespace postrider::pop3
