#include <fmt/core.h>

#include "auth/dialogue.h"
#include "net/pause.h"
#include "pop3/session/session.h"
#include "settings/account.h"
#include "text/ascii.h"

/// The AUTHORIZATION state: CAPA, STLS and the ways to log in.
namespace postrider::pop3 {

auth::Context Session::context() const {
    return auth::context_of(peer_, directory::Service::pop3, entrance_.domain, s_.log, id_);
}

auth::Mechanisms Session::offered_mechanisms() const {
    return auth::offered(s_.settings.login.rules(), peer_.secure(), s_.authenticator.available());
}

bool Session::password_commands() const {
    return auth::login_command_allowed(s_.settings.login.rules(), peer_.secure());
}

net::Task<> Session::capa(std::string_view) {
    std::string lines = "TOP\r\nUIDL\r\nPIPELINING\r\nRESP-CODES\r\nAUTH-RESP-CODE\r\nEXPIRE NEVER\r\n";
    if (password_commands()) lines += "USER\r\n";
    if (auto mechanisms = offered_mechanisms(); !mechanisms.empty())
        lines += "SASL " + mechanisms.names() + "\r\n";
    if (s_.settings.login.allow_start_tls && entrance_.tls && !peer_.secure()) lines += "STLS\r\n";
    lines += "IMPLEMENTATION Postrider\r\n";
    ok("Capabilities follow");
    peer_.send(lines);
    peer_.send(".\r\n");
    co_return;
}

net::Task<> Session::stls(std::string_view arguments) {
    if (!arguments.empty() || peer_.secure() || !s_.settings.login.allow_start_tls || !entrance_.tls) {
        fault(peer_.secure() ? "TLS is active already" : "TLS is not available here");
        co_return;
    }
    ok("Begin TLS");
    co_await peer_.flush();
    std::size_t dropped = co_await peer_.start_tls(entrance_.tls);
    if (dropped != 0)
        s_.log.warning(id_, "[{}] sent {} bytes between STLS and the handshake: dropped", peer_.peer().ip,
                       dropped);
    user_.clear();
}

net::Task<> Session::user(std::string_view arguments) {
    if (!password_commands()) {
        fault("[AUTH] Passwords are taken only over TLS here: send STLS first");
        co_return;
    }
    if (arguments.empty()) {
        fault("USER needs a name");
        co_return;
    }
    user_ = arguments;
    ok("Send PASS");  // whether the name exists is not told
}

net::Task<> Session::pass(std::string_view arguments) {
    if (user_.empty()) {
        fault("Send USER first");
        co_return;
    }
    std::string name = std::move(user_);
    user_.clear();
    auth::Outcome outcome = co_await auth::check_password(s_.workers, s_.authenticator, context(),
                                                          std::move(name), std::string{arguments});
    co_await enter(std::move(outcome));
}

net::Task<> Session::apop(std::string_view arguments) {
    auto space = arguments.rfind(' ');
    if (timestamp_.empty() || space == std::string_view::npos) {
        fault(timestamp_.empty() ? "APOP is not available here" : "APOP needs a name and a digest");
        co_return;
    }
    auto check = [this, asked = context(), name = std::string{arguments.substr(0, space)},
                  digest = std::string{arguments.substr(space + 1)}] {
        return s_.authenticator.authenticate_apop(asked, name, timestamp_, digest);
    };
    auth::Outcome outcome = co_await s_.workers.run(std::move(check));
    if (!outcome.ok()) co_await net::pause(outcome.delay);
    co_await enter(std::move(outcome));
}

net::Task<> Session::auth(std::string_view arguments) {
    using auth::Exchange;
    auto space = arguments.find(' ');
    if (arguments.empty()) {  // RFC 1734 clients ask so for the list
        ok("Mechanisms follow");
        for (auto one : offered_mechanisms().list()) peer_.send(std::string{auth::name(one)} + "\r\n");
        peer_.send(".\r\n");
        co_return;
    }
    auto mechanism = auth::mechanism_named(arguments.substr(0, space));
    if (!mechanism || !offered_mechanisms().has(*mechanism)) {
        fault("This authentication mechanism is not available here");
        co_return;
    }
    std::optional<std::string> initial;
    if (space != std::string_view::npos) initial = arguments.substr(space + 1);
    Exchange tried = co_await auth::exchange(peer_, s_.workers, s_.authenticator, context(), *mechanism,
                                             std::move(initial), "+ ");
    switch (tried.fault) {
        case Exchange::Fault::none: co_await enter(std::move(tried.outcome)); break;
        case Exchange::Fault::unavailable: error("[SYS/TEMP] Authentication is not available now"); break;
        case Exchange::Fault::cancelled: fault("Authentication cancelled"); break;
        case Exchange::Fault::not_base64:
        case Exchange::Fault::too_long: fault("Malformed authentication input"); break;
    }
}

/// From the AUTHORIZATION state to the TRANSACTION state, or not.
net::Task<> Session::enter(auth::Outcome outcome) {
    using auth::Answer;
    if (!outcome.ok()) {
        switch (outcome.answer()) {
            case Answer::ok: break;
            case Answer::malformed: fault("Malformed authentication input"); co_return;
            case Answer::try_later: error("[SYS/TEMP] Authentication is not available now, try later"); break;
            case Answer::expired: error("[AUTH] The password has expired"); break;
            case Answer::not_permitted: error("[AUTH] This account may not use POP3"); break;
            case Answer::bad_credentials: error("[AUTH] Authentication failed"); break;
        }
        ++auth_errors_;
        if (s_.settings.service.max_auth_errors != 0 && auth_errors_ >= s_.settings.service.max_auth_errors)
            done_ = true;
        co_return;
    }
    AccountId id = outcome.account->id;
    auto limits = s_.directory.effective(id);
    auto lease =
        s_.occupancy.enter(id, s_.settings.exclusive_lock, limits ? (*limits)->pop3_connection_count : 0);
    if (!lease) {
        error(lease.error() == Occupancy::Refusal::in_use
                  ? "[IN-USE] Another session has the mailbox open"
                  : "[IN-USE] Too many sessions have the mailbox open");
        co_return;
    }
    auto open = [this, id, folder = outcome.folder]() -> mailstore::Result<Maildrop> {
        auto account = mailstore::open_or_create(s_.store, id);
        if (!account) return std::unexpected(account.error());
        return Maildrop::open(*account, folder);
    };
    mailstore::Result<Maildrop> drop = co_await s_.workers.run(std::move(open));
    if (!drop) {
        if (drop.error().kind == mailstore::MailError::no_such_folder)
            error("[AUTH] There is no such folder");
        else
            storage_error(drop.error());
        co_return;
    }
    drop_ = std::move(*drop);
    lease_ = std::move(*lease);
    state_ = transaction;
    ok(fmt::format("{} messages ({} octets)", drop_->count(), drop_->octets()));
}

}  // namespace postrider::pop3
