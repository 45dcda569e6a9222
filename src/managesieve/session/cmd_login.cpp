#include <fmt/core.h>

#include "auth/dialogue.h"
#include "managesieve/session/session.h"
#include "managesieve/wire/words.h"
#include "net/pause.h"
#include "sieve/extensions.h"
#include "sieve/options.h"
#include "text/base64.h"

/// CAPABILITY, STARTTLS, AUTHENTICATE and what is left of them.
namespace postrider::managesieve {
namespace {

constexpr std::size_t max_response = 12'288;

}  // namespace

auth::Context Session::context() const {
    // Scripts belong to the mailbox: who may read mail by IMAP may keep them.
    return auth::context_of(peer_, directory::Service::imap, entrance_.domain, s_.log, id_);
}

auth::Mechanisms Session::offered_mechanisms() const {
    return auth::offered(s_.settings.login.rules(), peer_.secure(), s_.authenticator.available());
}

/// RFC 5804 §1.7.
void Session::send_capabilities() {
    std::string lines = "\"IMPLEMENTATION\" \"Postrider\"\r\n";
    // §1.7: SASL is always there; with nothing in it, TLS has to come first.
    lines += fmt::format("\"SASL\" {}\r\n",
                         to_string(state_ == authenticated ? std::string{} : offered_mechanisms().names()));
    lines += fmt::format("\"SIEVE\" {}\r\n", to_string(sieve::list_extensions(sieve::storable_extensions())));
    const bool by_xmpp = s_.can_notify_by_xmpp && s_.can_notify_by_xmpp();
    lines += by_xmpp ? "\"NOTIFY\" \"mailto xmpp\"\r\n" : "\"NOTIFY\" \"mailto\"\r\n";
    lines += fmt::format("\"MAXREDIRECTS\" \"{}\"\r\n", sieve::RunLimits{}.max_redirects);
    if (state_ == not_authenticated && s_.settings.login.allow_start_tls && entrance_.tls && !peer_.secure())
        lines += "\"STARTTLS\"\r\n";
    lines += "\"UNAUTHENTICATE\"\r\n";
    if (state_ == authenticated) lines += fmt::format("\"OWNER\" {}\r\n", to_string(account_->address));
    lines += "\"VERSION\" \"1.0\"\r\n";
    peer_.send(lines);
}

net::Task<> Session::capability() {
    send_capabilities();
    ok("");
    co_return;
}

net::Task<> Session::starttls() {
    if (peer_.secure() || !s_.settings.login.allow_start_tls || !entrance_.tls) {
        fault(peer_.secure() ? "TLS is active already" : "TLS is not available here");
        co_return;
    }
    ok("Begin TLS");
    co_await peer_.flush();
    std::size_t dropped = co_await peer_.start_tls(entrance_.tls);
    if (dropped != 0)
        s_.log.warning(id_, "[{}] sent {} bytes between STARTTLS and the handshake: dropped", peer_.peer().ip,
                       dropped);
    // RFC 5804 §2.2: they are told anew.
    send_capabilities();
    ok("TLS is active");
}

net::Task<std::optional<std::string>> Session::read_response() {
    std::optional<std::string> none;
    net::Line line = co_await peer_.read_line(max_response);
    if (line.kind == net::Line::Kind::too_long) co_return none;
    CommandReader reader;
    CommandReader::State state = reader.line(line.text);
    if (state == CommandReader::State::literal) {
        if (reader.literal_size() > max_response) co_return none;
        std::string octets;
        std::uint64_t size = reader.literal_size();
        co_await peer_.read_exactly(octets, size);
        reader.literal(std::move(octets));
        net::Line rest = co_await peer_.read_line(max_response);
        if (!rest.text.empty()) co_return none;
        state = CommandReader::State::done;
    }
    if (state != CommandReader::State::done || reader.tokens().size() != 1
        || reader.tokens().front().kind != Token::Kind::string)
        co_return none;
    std::optional<std::string> text = reader.tokens().front().text;
    co_return text;
}

net::Task<> Session::authenticate() {
    using Step = auth::SaslSession::Step;
    std::string name = argument(0).text;
    auto mechanism = auth::mechanism_named(name);
    if (argument(0).kind != Token::Kind::string || !mechanism || !offered_mechanisms().has(*mechanism)) {
        bool hidden = mechanism && !peer_.secure();
        if (hidden)
            no("This mechanism needs TLS here", "ENCRYPT-NEEDED");
        else
            fault("This authentication mechanism is not available here");
        co_return;
    }
    std::optional<std::string> input;
    if (arguments() == 2) {
        input = text::decode_base64(argument(1).text);
        if (!input) {
            fault("Malformed authentication input");
            co_return;
        }
    }
    auth::Context asked = context();
    std::unique_ptr<auth::SaslSession> sasl = s_.authenticator.start(asked, *mechanism);
    if (!sasl) {
        no("Authentication is not available now", "TRYLATER");
        co_return;
    }
    auto begin = [&] { return input ? sasl->begin(std::string_view{*input}) : sasl->begin(std::nullopt); };
    Step step = co_await s_.workers.run(std::move(begin));
    while (step.kind == Step::challenge) {
        std::string challenge = to_string(text::encode_base64(step.data));
        challenge += "\r\n";
        peer_.send(challenge);
        co_await peer_.flush();
        std::optional<std::string> response = co_await read_response();
        if (response && *response == "*") {
            no("Authentication cancelled");  // RFC 5804 §2.1
            co_return;
        }
        if (response) input = text::decode_base64(*response);
        if (!response || !input) {
            fault("Malformed authentication input");
            co_return;
        }
        auto next = [&] { return sasl->step(*input); };
        step = co_await s_.workers.run(std::move(next));
    }
    if (!step.outcome.ok()) co_await net::pause(step.outcome.delay);
    enter(std::move(step.outcome));
}

void Session::enter(auth::Outcome outcome) {
    using auth::Answer;
    if (outcome.ok()) {
        account_ = outcome.account;
        state_ = authenticated;
        ok("Logged in");
        return;
    }
    switch (outcome.answer()) {
        case Answer::ok: break;
        case Answer::malformed: fault("Malformed authentication input"); return;
        case Answer::try_later: no("Authentication is not available now, try later", "TRYLATER"); break;
        case Answer::expired: no("The password has expired", "TRANSITION-NEEDED"); break;
        case Answer::not_permitted: no("This account may not use ManageSieve"); break;
        case Answer::bad_credentials: no("Authentication failed"); break;
    }
    ++auth_errors_;
    if (s_.settings.service.max_auth_errors != 0 && auth_errors_ >= s_.settings.service.max_auth_errors)
        bye("Too many failures, closing");
}

net::Task<> Session::unauthenticate() {
    account_.reset();
    state_ = not_authenticated;
    ok("");
    co_return;
}

net::Task<> Session::logout() {
    ok("Goodbye");
    done_ = true;
    co_return;
}

net::Task<> Session::noop() {
    std::string code;
    if (arguments() == 1) {
        if (argument(0).kind != Token::Kind::string) {
            fault("NOOP takes a string");
            co_return;
        }
        code = "TAG " + to_string(argument(0).text);
    }
    ok("Done", code);
}

}  // namespace postrider::managesieve
