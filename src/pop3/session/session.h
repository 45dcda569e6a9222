#pragma once

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "auth/auth.h"
#include "net/pools.h"
#include "net/stream.h"
#include "pop3/session/maildrop.h"
#include "pop3/settings.h"

namespace postrider::pop3 {

/// What all sessions of the service share. Everything referred to lives longer than any of them.
struct Services {
    const Pop3Settings& settings;
    std::string host;
    net::WorkerPool& workers;
    mailstore::MailStore& store;
    const directory::Directory& directory;
    auth::Authenticator& authenticator;
    Occupancy& occupancy;
    const Clock& clock;
    observe::Logger log;
    observe::Counter& retrieved;
};

/// What is particular to the listener a client came by.
struct Entrance {
    std::string domain;
    std::shared_ptr<const net::TlsContext> tls;  ///< for STLS; nullptr: not offered
};

/// One connection, from greeting to close (RFC 1939).
class Session {
public:
    Session(net::Stream& peer, const Services& services, const Entrance& entrance, SessionId id);
    /// Throws net::SessionEnd when the connection is lost or times out.
    net::Task<> run();

private:
    enum State : unsigned { authorization = 1, transaction = 2, any = 3 };
    struct Command {
        std::string_view verb;
        unsigned allowed;
        net::Task<> (Session::*handle)(std::string_view arguments);
    };
    static const std::array<Command, 15> commands;

    net::Task<> dialogue();
    net::Task<> dispatch(std::string_view line);
    net::Task<> finish();

    // cmd_login.cpp
    net::Task<> capa(std::string_view arguments);
    net::Task<> stls(std::string_view arguments);
    net::Task<> user(std::string_view arguments);
    net::Task<> pass(std::string_view arguments);
    net::Task<> apop(std::string_view arguments);
    net::Task<> auth(std::string_view arguments);
    auth::Context context() const;
    auth::Mechanisms offered_mechanisms() const;
    bool password_commands() const;
    net::Task<> enter(auth::Outcome outcome);

    // cmd_maildrop.cpp
    net::Task<> stat(std::string_view arguments);
    net::Task<> list(std::string_view arguments);
    net::Task<> uidl(std::string_view arguments);
    net::Task<> retr(std::string_view arguments);
    net::Task<> top(std::string_view arguments);
    net::Task<> dele(std::string_view arguments);
    net::Task<> rset(std::string_view arguments);
    net::Task<> noop(std::string_view arguments);
    net::Task<> quit(std::string_view arguments);
    /// The message of that number that is not deleted; says what is wrong otherwise.
    Maildrop::Message* message(std::string_view number);

    void ok(std::string_view text);
    void error(std::string_view text);
    /// A mistake of the client's: costs its error budget.
    void fault(std::string_view text);
    void storage_error(const mailstore::Failure& failure);

    net::Stream& peer_;
    const Services& s_;
    const Entrance& entrance_;
    SessionId id_;
    State state_ = authorization;
    bool done_ = false;
    std::string timestamp_;  ///< of the greeting, for APOP
    std::string user_;
    unsigned errors_ = 0, auth_errors_ = 0;

    Occupancy::Lease lease_;
    std::optional<Maildrop> drop_;
};

/// What a net::Listener is given; see smtp/service.h.
net::Task<> serve(std::unique_ptr<net::Stream> peer, const Services& services, const Entrance& entrance,
                  SessionId id);

}  // namespace postrider::pop3
