#include "smtp/session/session.h"

#include <fmt/core.h>

#include "text/ascii.h"

namespace postrider::smtp {
namespace {

/// RFC 5321 §4.5.3.1.4 asks for 512 octets; extensions add to it (RFC 3461 §4: 500 for ORCPT, RFC 4954 §4.1:
/// 12,288 for AUTH's initial response).
constexpr std::size_t max_line = 12'288;
/// Answers to pipelined commands that wait to be sent together. Short commands have long answers (EHLO), so a
/// client that pipelines and never reads would make us hold many times what it sent.
constexpr std::size_t max_unsent = 4096;

}  // namespace

const std::array<Session::Command, 15> Session::commands{{
    // verb       allowed when (RFC 5321 §4.1.4)
    {"MAIL", greeted, &Session::mail},
    {"RCPT", mail_given | rcpt_given, &Session::rcpt},
    {"DATA", rcpt_given, &Session::data},
    {"BDAT", mail_given | rcpt_given, &Session::bdat},
    {"EHLO", any, &Session::ehlo},
    {"HELO", any, &Session::helo},
    {"LHLO", any, &Session::lhlo},
    {"RSET", any, &Session::rset},
    {"QUIT", any, &Session::quit},
    {"NOOP", any, &Session::noop},
    {"STARTTLS", greeted, &Session::starttls},
    {"AUTH", greeted, &Session::auth},
    {"VRFY", any, &Session::vrfy},
    {"EXPN", any, &Session::expn},
    {"HELP", any, &Session::help},
}};

Session::Session(net::Stream& peer, const Services& services, const Entrance& entrance, SessionId id)
    : peer_{peer},
      s_{services},
      entrance_{entrance},
      id_{id},
      allow_{services.settings.allowances()},
      greeted_allow_{allow_} {}

Session::~Session() = default;

net::Task<> Session::run() {
    s_.log.info(id_, "[{}] connection accepted from [{}]", peer_.local().text(), peer_.peer().text());
    peer_.idle_timeout(s_.settings.command_timeout);
    if (!co_await admit()) done_ = true;
    while (!done_) {
        // What was answered while more commands were already there leaves in one piece (RFC 2920 §3.2).
        if (peer_.buffered().find('\n') == std::string_view::npos) co_await peer_.flush();
        net::Line line = co_await peer_.read_line(max_line);
        if (line.kind == net::Line::Kind::too_long) {
            fault(500, "5.5.2", "Line too long");
            continue;
        }
        if (line.kind == net::Line::Kind::bare_lf) {
            // A peer that sends bare LF in commands is broken or up to something (RFC 5321 §2.3.8).
            fault(500, "5.5.2", "Lines end with CRLF");
            continue;
        }
        s_.log.received(id_, line.text);
        // The line's memory is the stream's; a command that reads on needs its own copy.
        std::string text{line.text};
        net::Task<> command = dispatch(text);
        if (!co_await net::unless_overloaded(std::move(command))) {
            reply(421, "4.3.2", "Too busy now, try later");
            done_ = true;
        }
        co_await peer_.flush_if_large(max_unsent);
    }
    if (visit_) {
        co_await peer_.flush();
        co_await visit_->close();
    }
    co_await peer_.close();
    s_.log.info(id_, "Connection closed");
}

net::Task<> Session::dispatch(std::string_view line) {
    std::string_view verb = line.substr(0, line.find(' '));
    std::string_view arguments = line.substr(std::min(verb.size() + 1, line.size()));
    for (const Command& command : commands) {
        if (!text::equal_ci(verb, command.verb)) continue;
        if (!(command.allowed & state_)) {
            if (state_ == connected)
                fault(503, "5.5.1", lmtp() ? "Send LHLO first" : "Send EHLO or HELO first");
            else if (command.handle == &Session::mail)
                fault(503, "5.5.1", "A message is being sent already");
            else if (command.handle == &Session::rcpt || command.handle == &Session::bdat)
                fault(503, "5.5.1", "Send MAIL first");
            else if (command.handle == &Session::data)
                fault(503, "5.5.1", state_ == mail_given ? "No valid recipients" : "Send MAIL first");
            else
                fault(503, "5.5.1", "Not while a message is being sent");
            co_return;
        }
        auto handle = command.handle;
        co_await (this->*handle)(arguments);
        co_return;
    }
    fault(500, "5.5.1", "Command not recognized");
}

void Session::reset() {
    transaction_.reset();
    if (visit_) {
        visit_->end_transaction(false, 0);
        allow_ = greeted_allow_;
    }
    if (state_ != connected) state_ = greeted;
}

void Session::reply(int code, std::string_view status, std::string_view text) {
    std::string line = status.empty() || !extended_ ? fmt::format("{} {}", code, text)
                                                    : fmt::format("{} {} {}", code, status, text);
    s_.log.sent(id_, line);
    line += "\r\n";
    peer_.send(line);
}

void Session::reply_lines(int code, const std::vector<std::string>& lines) {
    for (std::size_t i = 0; i < lines.size(); ++i) {
        std::string line = fmt::format("{}{}{}", code, i + 1 == lines.size() ? ' ' : '-', lines[i]);
        s_.log.sent(id_, line);
        line += "\r\n";
        peer_.send(line);
    }
}

void Session::fault(int code, std::string_view status, std::string_view text) {
    ++errors_;
    if (s_.settings.service.max_errors != 0 && errors_ >= s_.settings.service.max_errors) {
        reply(421, "4.7.0", "Too many errors, closing");
        if (watched()) s_.screening->made_errors(peer_.peer().ip);
        s_.log.warning(id_, "[{}] made too many errors", peer_.peer().ip);
        done_ = true;
        return;
    }
    reply(code, status, text);
}

}  // namespace postrider::smtp
