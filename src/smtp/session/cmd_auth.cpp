#include "net/pause.h"
#include "smtp/session/session.h"
#include "text/base64.h"

/// AUTH (RFC 4954).
namespace postrider::smtp {

auth::Mechanisms Session::offered_mechanisms() const {
    if (lmtp()) return {};  // LMTP is for our own front ends, known by their address
    return auth::offered(s_.settings.login_rules(), peer_.secure(), s_.authenticator.available());
}

net::Task<> Session::auth(std::string_view arguments) {
    using auth::Answer;
    using auth::SaslSession;
    if (account_) {
        fault(503, "5.5.1", "Already logged in");
        co_return;
    }
    auto space = arguments.find(' ');
    auto mechanism = auth::mechanism_named(arguments.substr(0, space));
    if (!mechanism || !offered_mechanisms().has(*mechanism)) {
        fault(504, "5.5.4", "This authentication mechanism is not available here");
        co_return;
    }
    // Initial response: nothing, "=" for an empty one, or base64 (RFC 4954 §4).
    std::optional<std::string> input;
    if (space != std::string_view::npos) {
        std::string_view encoded = arguments.substr(space + 1);
        input = encoded == "=" ? std::optional<std::string>{""} : text::decode_base64(encoded);
        if (!input) {
            fault(501, "5.5.2", "Malformed base64");
            co_return;
        }
    }

    auth::Context context;
    context.service = directory::Service::smtp_incoming;
    context.peer_ip = peer_.peer().ip;
    context.listener_domain = entrance_.domain;
    context.secure = peer_.secure();
    if (auto* tls = peer_.tls()) {
        context.binding.exporter = tls->exporter;
        context.binding.unique = tls->unique;
        context.binding.server_endpoint = tls->endpoint;
    }
    context.log = s_.log;
    context.session = id_;
    std::unique_ptr<SaslSession> sasl = s_.authenticator.start(context, *mechanism);
    if (!sasl) {
        fault(454, "4.7.0", "Authentication is not available now");
        co_return;
    }

    auto begin = [&] { return input ? sasl->begin(std::string_view{*input}) : sasl->begin(std::nullopt); };
    SaslSession::Step step = co_await s_.workers.run(std::move(begin));
    while (step.kind == SaslSession::Step::challenge) {
        peer_.send("334 " + text::encode_base64(step.data) + "\r\n");
        co_await peer_.flush();
        net::Line line = co_await peer_.read_line(12'288);
        if (line.kind != net::Line::Kind::text) {
            fault(500, "5.5.6", "Authentication exchange line is too long");
            co_return;
        }
        if (line.text == "*") {
            fault(501, "5.7.0", "Authentication cancelled");
            co_return;
        }
        std::optional<std::string> answer = text::decode_base64(line.text);
        if (!answer) {
            fault(501, "5.5.2", "Malformed base64");
            co_return;
        }
        auto next = [&] { return sasl->step(*answer); };
        step = co_await s_.workers.run(std::move(next));
    }

    if (step.outcome.ok()) {
        account_ = step.outcome.account;
        reply(235, "2.7.0", "Authentication successful");
        co_return;
    }
    co_await net::pause(step.outcome.delay);
    switch (step.outcome.answer()) {
    case Answer::ok: break;
    case Answer::malformed: fault(501, "5.5.2", "Malformed authentication input"); co_return;
    case Answer::try_later: reply(454, "4.7.0", "Authentication is not available now, try later"); break;
    case Answer::expired: reply(535, "5.7.8", "The password has expired: change it in WebMail"); break;
    case Answer::not_permitted: reply(535, "5.7.8", "This account may not send mail here"); break;
    case Answer::bad_credentials: reply(535, "5.7.8", "Authentication failed"); break;
    }
    ++auth_errors_;
    if (s_.settings.service.max_auth_errors != 0 && auth_errors_ >= s_.settings.service.max_auth_errors) {
        reply(421, "4.7.0", "Too many failed log-ins, closing");
        done_ = true;
    }
}

}  // namespace postrider::smtp
