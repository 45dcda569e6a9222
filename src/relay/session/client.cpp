#include "relay/session/client.h"

#include <fmt/format.h>

#include "auth/sasl_client.h"
#include "text/ascii.h"
#include "text/base64.h"

/// A connection's beginning and end; what is sent on it stands in transaction.cpp.
namespace postrider::relay {
namespace {

using net::SessionEnd;

/// Not a reply at all, or one without end.
constexpr std::string_view garbage = "the server's answer is no SMTP reply";

}  // namespace

Client::Client(std::unique_ptr<net::Stream> stream, Options options)
    : stream_{std::move(stream)}, options_{std::move(options)} {
    stream_->idle_timeout(seconds{0});
}

Client::~Client() = default;

Trouble Client::broken(const SessionEnd& end, std::string_view stage) {
    usable_ = false;
    Trouble trouble;
    trouble.tls = end.reason() == SessionEnd::Reason::tls;
    if (const auto* failure = dynamic_cast<const net::TlsFailure*>(&end))
        trouble.certificate = failure->problem();
    trouble.status = trouble.tls ? "4.7.5" : "4.4.2";
    const std::string_view what = end.reason() == SessionEnd::Reason::timeout  ? "timed out"
                                  : end.reason() == SessionEnd::Reason::closed ? "lost connection"
                                                                               : std::string_view{end.what()};
    trouble.text = fmt::format("{} [{}]: {} while {}", options_.host, stream_->peer().ip, what, stage);
    options_.log.warning(options_.id, "{}", trouble.text);
    return trouble;
}

Trouble Client::refused(const Reply& reply, std::string_view stage) {
    usable_ = false;
    Trouble trouble;
    trouble.status = reply.temporary() ? reply.status_or("4.0") : "4.4.0";
    trouble.text =
        fmt::format("{} [{}] said: {} ({})", options_.host, stream_->peer().ip, reply.line(), stage);
    return trouble;
}

net::Task<Reply> Client::reply(seconds limit) {
    stream_->deadline_after(limit);
    reader_.reset();
    while (true) {
        const net::Line line = co_await stream_->read_line(max_reply_line);
        if (line.kind == net::Line::Kind::too_long)
            throw SessionEnd{SessionEnd::Reason::error, std::string{garbage}};
        options_.log.received(options_.id, line.text);
        const ReplyReader::State state = reader_.take(line.text);
        if (state == ReplyReader::State::malformed)
            throw SessionEnd{SessionEnd::Reason::error, std::string{garbage}};
        if (state == ReplyReader::State::done) break;
    }
    Reply said = reader_.take_reply();
    // RFC 5321 §3.8: 421 may come at any moment, and the connection ends.
    if (said.code == 421) usable_ = false;
    co_return said;
}

void Client::queue_command(std::string_view line) {
    stream_->send(line);
    log_group(line);
}

void Client::log_group(std::string_view lines) const {
    if (!options_.log.on(observe::Level::protocol)) return;
    while (!lines.empty()) {
        const std::size_t end = std::min(lines.find("\r\n"), lines.size());
        options_.log.sent(options_.id, lines.substr(0, end));
        lines.remove_prefix(std::min(end + 2, lines.size()));
    }
}

net::Task<Reply> Client::command(std::string line, seconds limit) {
    queue_command(line);
    stream_->deadline_after(limit);
    co_await stream_->flush();
    Reply said = co_await reply(limit);
    co_return said;
}

net::Task<Reply> Client::say_hello() {
    offers_ = {};
    std::string line = "EHLO " + options_.helo + "\r\n";
    Reply said = co_await command(std::move(line), options_.patience.command);
    if (said.code == 250) {
        offers_ = parse_extensions(said.text);
        co_return said;
    }
    if (!said.permanent() || !usable_) co_return said;
    // RFC 5321 §3.2: who does not know EHLO may know HELO.
    line = "HELO " + options_.helo + "\r\n";
    said = co_await command(std::move(line), options_.patience.command);
    co_return said;
}

net::Task<std::optional<Trouble>> Client::greet() {
    std::optional<Trouble> trouble;
    std::string_view stage = "waiting for the greeting";
    try {
        Reply said = co_await reply(options_.patience.command);
        if (said.code != 220) {
            trouble = refused(said, "greeting");
        } else {
            stage = "saying EHLO";
            said = co_await say_hello();
            if (said.code != 250) trouble = refused(said, "answer to EHLO");
        }
    } catch (const SessionEnd& end) {
        trouble = broken(end, stage);
    }
    co_return trouble;
}

net::Task<std::optional<Trouble>> Client::begin_with_tls(std::shared_ptr<const net::TlsContext> context,
                                                         net::TlsPeer expected) {
    std::optional<Trouble> trouble;
    try {
        co_await stream_->start_tls_client(std::move(context), std::move(expected));
    } catch (const SessionEnd& end) {
        trouble = broken(end, "starting TLS");
        trouble->tls = true;
    }
    co_return trouble;
}

net::Task<std::optional<Trouble>> Client::start_tls(std::shared_ptr<const net::TlsContext> context,
                                                    net::TlsPeer expected) {
    std::optional<Trouble> trouble;
    bool shaken = false;
    try {
        std::string line = "STARTTLS\r\n";
        Reply said = co_await command(std::move(line), options_.patience.command);
        if (said.code != 220) {
            trouble = refused(said, "answer to STARTTLS");
            trouble->tls = true;
            co_return trouble;
        }
        stream_->deadline_after(options_.patience.command);
        co_await stream_->start_tls_client(std::move(context), std::move(expected));
        shaken = true;
        if (options_.log.on(observe::Level::info) && stream_->tls())
            options_.log.info(options_.id, "TLS established with {}: {} {}", options_.host,
                              stream_->tls()->version, stream_->tls()->cipher);
        said = co_await say_hello();
        if (said.code != 250) trouble = refused(said, "answer to EHLO in TLS");
    } catch (const SessionEnd& end) {
        trouble = broken(end, shaken ? "saying EHLO in TLS" : "starting TLS");
        if (!shaken) trouble->tls = true;
    }
    co_return trouble;
}

net::Task<std::optional<Trouble>> Client::log_in(std::string user, std::string password) {
    std::optional<Trouble> trouble;
    const auto failed = [&](std::string_view why) {
        usable_ = false;
        trouble = Trouble{
            .status = "4.7.8",
            .text = fmt::format("{} [{}]: cannot log in: {}", options_.host, stream_->peer().ip, why)};
    };
    const std::string mechanism = auth::SaslClient::choose(offers_.auth, stream_->secure());
    if (mechanism.empty()) {
        failed(offers_.auth.empty() ? "the server does not offer AUTH"
                                    : "the server offers no mechanism that is safe here");
        co_return trouble;
    }
    try {
        auth::SaslClient sasl{mechanism, std::move(user), std::move(password), options_.host, "smtp"};
        auto first = sasl.first();
        if (!first) {
            failed(first.error());
            co_return trouble;
        }
        std::string line = "AUTH " + mechanism;
        // RFC 4954 §4: "=" is an empty initial response.
        if (*first) line += (*first)->empty() ? " =" : " " + text::encode_base64(**first);
        line += "\r\n";
        Reply said = co_await command(std::move(line), options_.patience.command);
        for (int step = 0; said.code == 334 && step < 10; ++step) {
            auto challenge = text::decode_base64(text::trim(said.text));
            std::expected<std::string, std::string> answer = std::unexpected(std::string{"bad challenge"});
            if (challenge) answer = sasl.answer(*challenge);
            options_.log.sent(options_.id, answer ? "***" : "*");
            stream_->send(answer ? text::encode_base64(*answer) : std::string{"*"});
            stream_->send("\r\n");
            co_await stream_->flush();
            said = co_await reply(options_.patience.command);
            if (!answer) {
                failed(answer.error());
                co_return trouble;
            }
        }
        // SCRAM's proof may come with the 235 (RFC 4954 §4, RFC 7628): none that is known does.
        if (said.code != 235)
            failed(said.line());
        else if (!sasl.complete())
            failed("the server has not proved that it knows the password");
    } catch (const SessionEnd& end) {
        trouble = broken(end, "logging in");
    }
    co_return trouble;
}

net::Task<> Client::quit() {
    try {
        if (usable_) {
            std::string line = "QUIT\r\n";
            co_await command(std::move(line), options_.patience.quit);
        }
    } catch (const SessionEnd&) {
        // It is leaving anyway.
    }
    usable_ = false;
    co_await stream_->close();
}

}  // namespace postrider::relay
