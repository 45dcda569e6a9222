#include "auth/dialogue.h"
#include "directory/directory.h"
#include "imap/session/connection.h"
#include "imap/wire/simple.h"
#include "net/pause.h"
#include "settings/account.h"

namespace postrider::imap {

/// What a log-in came to, and what was opened for it on the worker.
struct LoginResult {
    auth::Outcome outcome;
    std::shared_ptr<mailstore::Account> account;
    std::size_t most_sessions = 0;
    std::string failure;  ///< of the store, for the log
};

namespace {

/// Opens what a session of the account needs. Blocks.
LoginResult open_account(const Services& services, auth::Outcome outcome) {
    LoginResult result{std::move(outcome), nullptr, 0, {}};
    if (!result.outcome.ok()) return result;
    AccountId id = result.outcome.account->id;
    auto account = services.store.account(id);
    if (!account && account.error().kind == mailstore::MailError::no_such_account) {
        // The directory knows the account, the store does not yet: an import, or a crash between the two.
        if (auto made = services.store.create_account(id); made) account = services.store.account(id);
    }
    if (account)
        result.account = std::move(*account);
    else
        result.failure = account.error().what;
    auto settings = services.directory.effective(id);
    result.most_sessions = settings ? (*settings)->imap_connection_count : 1;
    return result;
}

Reply to_reply(auth::Answer answer) {
    switch (answer) {
        case auth::Answer::ok: return ok("Logged in");
        case auth::Answer::bad_credentials: return no("[AUTHENTICATIONFAILED] Name or password is wrong");
        case auth::Answer::not_permitted:
            return no("[AUTHORIZATIONFAILED] The account may not use this service");
        case auth::Answer::expired: return no("[EXPIRED] The password must be changed first");
        case auth::Answer::malformed: return bad("That is not what the mechanism says");
        case auth::Answer::try_later: return no("[UNAVAILABLE] Try again later");
    }
    return no("[SERVERBUG] Unknown answer");
}

}  // namespace

net::Task<Reply> Connection::start_tls(const Command& command) {
    if (!command.args.empty()) co_return bad("STARTTLS takes no arguments");
    if (stream_->secure()) co_return bad("The connection is secure already");
    if (!door_.tls || !client_.settings->login.allow_start_tls) co_return no("STARTTLS is not offered here");
    std::string tag{command.tag};
    answer(tag, ok("Begin the TLS handshake now"));
    co_await stream_->flush();
    std::size_t dropped = co_await stream_->start_tls(door_.tls);
    if (dropped > 0)
        client_.services.log.warning(client_.id,
                                     "{} octets that followed STARTTLS in plain text were dropped", dropped);
    update_capabilities();
    Reply said{Reply::Status::said, {}};
    co_return said;
}

net::Task<Reply> Connection::login(const Command& command) {
    auto args = parse_login(command.args);
    if (!args) co_return bad(args.error());
    if (!auth::login_command_allowed(client_.settings->login.rules(), stream_->secure()))
        co_return no("[PRIVACYREQUIRED] Passwords are taken with TLS only");  // RFC 9051 §6.2.3
    auth::Context context =
        auth::context_of(*stream_, directory::Service::imap, door_.domain, client_.services.log, client_.id);
    auto job = [this, &args, &context] {
        auto outcome = client_.services.auth.authenticate_plain(context, args->user, args->password);
        return open_account(client_.services, std::move(outcome));
    };
    LoginResult result = co_await client_.services.workers.run(std::move(job));
    if (!result.outcome.ok()) co_await net::pause(result.outcome.delay);
    co_return enter(std::move(result));
}

/// RFC 9051 §6.2.2, RFC 4959.
net::Task<Reply> Connection::authenticate(const Command& command) {
    using auth::Exchange;
    auto args = parse_authenticate(command.args);
    if (!args) co_return bad(args.error());
    auto mechanism = auth::mechanism_named(args->mechanism);
    auth::Mechanisms offered =
        auth::offered(client_.settings->login.rules(), stream_->secure(), client_.services.auth.available());
    if (!mechanism || !offered.has(*mechanism)) co_return no("[CANNOT] That mechanism is not offered here");
    std::optional<std::string> initial;
    if (args->initial) initial = *args->initial;
    auth::Context context =
        auth::context_of(*stream_, directory::Service::imap, door_.domain, client_.services.log, client_.id);
    Exchange tried = co_await auth::exchange(*stream_, client_.services.workers, client_.services.auth,
                                             std::move(context), *mechanism, std::move(initial), "+ ");
    switch (tried.fault) {
        case Exchange::Fault::none: break;
        case Exchange::Fault::unavailable: co_return no("[UNAVAILABLE] That mechanism cannot be used now");
        case Exchange::Fault::not_base64: co_return bad("The response is not base64");
        case Exchange::Fault::too_long:
            // Nobody has such a response; what else a stranger sends is not worth the memory.
            client_.out += "* BYE The response is too long\r\n";
            done_ = true;
            why_ended_ = "a log-in response was too long";
            co_return bad("The response is too long");
        case Exchange::Fault::cancelled: co_return bad("Log-in was cancelled");
    }
    auto open = [this, &tried] { return open_account(client_.services, std::move(tried.outcome)); };
    LoginResult result = co_await client_.services.workers.run(std::move(open));
    co_return enter(std::move(result));
}

/// The state of the dialogue after a log-in was tried.
Reply Connection::enter(LoginResult result) {
    const observe::Logger& log = client_.services.log;
    Reply reply = to_reply(result.outcome.answer());
    if (!result.outcome.ok()) {
        unsigned most = client_.settings->service.max_auth_errors;
        if (reply.status != Reply::Status::bad && ++auth_errors_ >= most && most != 0) {
            client_.out += "* BYE Too many failed log-ins\r\n";
            done_ = true;
            why_ended_ = "too many failed log-ins";
        }
        return reply;
    }
    const std::string& address = result.outcome.account->address;
    if (!result.account) {
        log.error(client_.id, "The mailbox of '{}' cannot be opened: {}", address, result.failure);
        return no("[UNAVAILABLE] The mailbox cannot be opened now");
    }
    client_.place = client_.services.limits.enter(result.outcome.account->id, result.most_sessions);
    if (!client_.place) {
        log.warning(client_.id, "Account '{}' has {} sessions already", address, result.most_sessions);
        return no("[LIMIT] The account has too many sessions");
    }
    client_.who = result.outcome.account;
    client_.account = std::move(result.account);
    auth_errors_ = 0;
    ReceiverLimits limits;
    limits.append = std::size_t{client_.settings->max_message_size} * 1024;
    receiver_.limits(limits);
    stream_->deadline_after(std::chrono::seconds{0});
    stream_->idle_timeout(door_.idle_timeout);
    update_capabilities();
    reply.text = "[CAPABILITY " + client_.capability_words + "] Logged in";
    return reply;
}

}  // namespace postrider::imap
