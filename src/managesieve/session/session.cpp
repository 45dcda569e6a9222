#include "managesieve/session/session.h"

#include <fmt/core.h>

#include "managesieve/wire/words.h"
#include "text/ascii.h"

namespace postrider::managesieve {
namespace {

constexpr std::size_t max_line = 12'288;            ///< SASL needs more than names do
constexpr std::uint64_t max_literal_before = 8192;  ///< before somebody has logged in
constexpr std::uint64_t max_skipped = 64u << 20;    ///< a larger literal ends the session
constexpr std::size_t max_unsent = 64 * 1024;
constexpr std::size_t max_unsent_to_strangers = 4096;

}  // namespace

const std::array<Session::Command, 14> Session::commands{{
    // verb           allowed in         arguments (RFC 5804 §2)
    {"PUTSCRIPT", authenticated, 2, 2, &Session::putscript},        // §2.6
    {"CHECKSCRIPT", authenticated, 1, 1, &Session::checkscript},    // §2.12
    {"LISTSCRIPTS", authenticated, 0, 0, &Session::listscripts},    // §2.7
    {"GETSCRIPT", authenticated, 1, 1, &Session::getscript},        // §2.9
    {"SETACTIVE", authenticated, 1, 1, &Session::setactive},        // §2.8
    {"DELETESCRIPT", authenticated, 1, 1, &Session::deletescript},  // §2.10
    {"RENAMESCRIPT", authenticated, 2, 2, &Session::renamescript},  // §2.11
    {"HAVESPACE", authenticated, 2, 2, &Session::havespace},        // §2.5
    {"UNAUTHENTICATE", authenticated, 0, 0, &Session::unauthenticate},
    {"AUTHENTICATE", not_authenticated, 1, 2, &Session::authenticate},  // §2.1
    {"STARTTLS", not_authenticated, 0, 0, &Session::starttls},          // §2.2
    {"CAPABILITY", any, 0, 0, &Session::capability},                    // §2.4
    {"NOOP", any, 0, 1, &Session::noop},                                // §2.13
    {"LOGOUT", any, 0, 0, &Session::logout},                            // §2.3
}};

Session::Session(net::Stream& peer, const Services& services, const Entrance& entrance, SessionId id)
    : peer_{peer}, s_{services}, entrance_{entrance}, id_{id} {}

net::Task<> Session::run() {
    s_.log.info(id_, "[{}] connection accepted from [{}]", peer_.local().text(), peer_.peer().text());
    std::exception_ptr lost;
    try {
        co_await dialogue();
    } catch (const net::SessionEnd&) {
        lost = std::current_exception();
    }
    s_.log.info(id_, "Connection closed");
    if (lost) std::rethrow_exception(lost);
}

net::Task<> Session::dialogue() {
    send_capabilities();  // RFC 5804 §1.3: the greeting is what CAPABILITY answers
    ok("ManageSieve ready");
    while (!done_) {
        if (peer_.buffered().find('\n') == std::string_view::npos) co_await peer_.flush();
        bool whole = co_await read_command();
        if (!whole) continue;
        net::Task<> command = dispatch();
        if (!co_await net::unless_overloaded(std::move(command))) {
            no("Too busy now, try later", "TRYLATER");
            done_ = true;
        }
        std::size_t most = state_ == authenticated ? max_unsent : max_unsent_to_strangers;
        co_await peer_.flush_if_large(most);
    }
    co_await peer_.flush();
    co_await peer_.close();
}

std::uint64_t Session::max_literal() const {
    return state_ == authenticated ? s_.scripts.limits().octets : max_literal_before;
}

net::Task<bool> Session::read_command() {
    reader_.clear();
    while (true) {
        net::Line line = co_await peer_.read_line(max_line);
        if (line.kind == net::Line::Kind::too_long) {
            fault("Line too long");
            co_return false;
        }
        CommandReader::State state = reader_.line(line.text);
        // A script is its owner's, and an initial response may hold a password: only the verb is logged.
        if (state == CommandReader::State::done) {
            if (!reader_.tokens().empty()) s_.log.received(id_, reader_.tokens().front().text);
            co_return true;
        }
        if (state == CommandReader::State::bad) {
            std::string problem = reader_.problem();
            fault(problem);
            co_return false;
        }
        std::uint64_t size = reader_.literal_size();
        if (size > max_skipped) {
            bye("The literal is too large");
            co_return false;
        }
        if (size > max_literal()) {
            co_await peer_.skip(size);
            reader_.literal_skipped();
            continue;
        }
        std::string octets;
        co_await peer_.read_exactly(octets, size);
        reader_.literal(std::move(octets));
    }
}

net::Task<> Session::dispatch() {
    if (reader_.skipped()) {
        if (state_ == authenticated)
            no(fmt::format("A script can have {} octets", max_literal()), "QUOTA/MAXSIZE");
        else
            fault("The literal is too large");
        co_return;
    }
    const Token& verb = reader_.tokens().front();
    for (const Command& command : commands) {
        if (verb.kind != Token::Kind::word || !text::equal_ci(verb.text, command.verb)) continue;
        if (!(command.allowed & state_)) {
            fault(state_ == not_authenticated ? "Log in first" : "Already logged in");
            co_return;
        }
        if (arguments() < command.least || arguments() > command.most) {
            fault(fmt::format("{} has another number of arguments", command.verb));
            co_return;
        }
        auto handle = command.handle;
        co_await (this->*handle)();
        co_return;
    }
    fault("Unknown command");
}

void Session::answer(std::string_view word, std::string_view code, std::string_view text) {
    std::string line = reply(word, code, text);
    s_.log.sent(id_, std::string_view{line}.substr(0, line.find('\r')));
    peer_.send(line);
}

void Session::ok(std::string_view text, std::string_view code) {
    answer("OK", code, text);
}

void Session::no(std::string_view text, std::string_view code) {
    answer("NO", code, text);
}

void Session::bye(std::string_view text) {
    answer("BYE", "", text);
    done_ = true;
}

void Session::fault(std::string_view text) {
    ++errors_;
    if (s_.settings.service.max_errors != 0 && errors_ >= s_.settings.service.max_errors)
        return bye("Too many errors, closing");
    no(text);
}

net::Task<> serve(std::unique_ptr<net::Stream> peer, const Services& services, const Entrance& entrance,
                  SessionId id) {
    Session session{*peer, services, entrance, id};
    co_await session.run();
}

}  // namespace postrider::managesieve
