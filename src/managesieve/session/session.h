#pragma once

#include <array>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "auth/auth.h"
#include "filter/scripts/script_store.h"
#include "managesieve/settings.h"
#include "managesieve/wire/command_reader.h"
#include "net/pools.h"
#include "net/stream.h"

namespace postrider::managesieve {

/// What all sessions of the service share. Everything referred to lives longer than any of them.
struct Services {
    const ManageSieveSettings& settings;
    std::string host;
    net::WorkerPool& workers;
    auth::Authenticator& authenticator;
    filter::ScriptStore& scripts;
    observe::Logger log;
    std::function<bool()> can_notify_by_xmpp{};  ///< nullptr: no
};

/// What is particular to the listener a client came by.
struct Entrance {
    std::string domain;
    std::shared_ptr<const net::TlsContext> tls;  ///< for STARTTLS; nullptr: not offered
};

/// One connection, from greeting to close (RFC 5804).
class Session {
public:
    Session(net::Stream& peer, const Services& services, const Entrance& entrance, SessionId id);
    /// Throws net::SessionEnd when the connection is lost or times out.
    net::Task<> run();

private:
    enum State : unsigned { not_authenticated = 1, authenticated = 2, any = 3 };
    struct Command {
        std::string_view verb;
        unsigned allowed;
        std::size_t least, most;  ///< arguments
        net::Task<> (Session::*handle)();
    };
    static const std::array<Command, 14> commands;

    net::Task<> dialogue();
    /// The next command into reader_; false when it was not one (and was answered).
    net::Task<bool> read_command();
    net::Task<> dispatch();

    // cmd_login.cpp
    net::Task<> capability();
    net::Task<> starttls();
    net::Task<> authenticate();
    net::Task<> unauthenticate();
    net::Task<> logout();
    net::Task<> noop();
    void send_capabilities();
    auth::Context context() const;
    auth::Mechanisms offered_mechanisms() const;
    /// One string of the client's in a SASL exchange; nullopt when it was none.
    net::Task<std::optional<std::string>> read_response();
    void enter(auth::Outcome outcome);

    // cmd_scripts.cpp
    net::Task<> havespace();
    net::Task<> putscript();
    net::Task<> checkscript();
    net::Task<> listscripts();
    net::Task<> setactive();
    net::Task<> getscript();
    net::Task<> deletescript();
    net::Task<> renamescript();

    const Token& argument(std::size_t at) const { return reader_.tokens()[at + 1]; }
    std::size_t arguments() const { return reader_.tokens().size() - 1; }
    filter::ScriptOwner owner() const { return filter::ScriptOwner::of(account_->id); }
    std::uint64_t max_literal() const;

    void ok(std::string_view text, std::string_view code = "");
    void no(std::string_view text, std::string_view code = "");
    void bye(std::string_view text);
    void answer(std::string_view word, std::string_view code, std::string_view text);
    /// A mistake of the client's: costs its error budget.
    void fault(std::string_view text);
    void script_error(const filter::ScriptFailure& failure);

    net::Stream& peer_;
    const Services& s_;
    const Entrance& entrance_;
    SessionId id_;
    State state_ = not_authenticated;
    bool done_ = false;
    CommandReader reader_;
    std::shared_ptr<const directory::AccountEntry> account_;
    unsigned errors_ = 0, auth_errors_ = 0;
};

/// What a net::Listener is given; see smtp/service.h.
net::Task<> serve(std::unique_ptr<net::Stream> peer, const Services& services, const Entrance& entrance,
                  SessionId id);

}  // namespace postrider::managesieve
