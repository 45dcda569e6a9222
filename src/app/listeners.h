#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "app/service.h"
#include "app/sockets.h"
#include "net/gate.h"
#include "net/listener.h"
#include "net/tls.h"
#include "observe/log.h"
#include "settings/common.h"

namespace postrider::app {

/// What a service says on its connections besides its own dialogue.
struct ServiceWords {
    std::string refuse;  ///< to who is not admitted
    net::Farewell farewell;
};

/// All listeners of one service: settings turned into sockets, rules and TLS, and changed while they run.
class Listeners {
public:
    /// Gives a session its id and runs it. `tls` is for STARTTLS, nullptr where there is no certificate.
    using Serve = std::function<net::Task<>(std::unique_ptr<net::Stream>, SessionId)>;
    /// Makes the handler of one listener, which keeps its own entrance. What the handler holds lives until
    /// its last session has ended.
    using MakeServe = std::function<Serve(std::shared_ptr<const net::TlsContext> tls)>;

    struct Wanted {
        settings::ListenerSettings settings;
        std::string port_name;  ///< in add_ports()
        MakeServe make;
    };
    struct Configuration {
        settings::AccessControl access;  ///< the service's own rules
        std::chrono::seconds handshake_timeout{10};
        ServiceWords words;
        std::vector<Wanted> listeners;
    };

    /// @param directory  relative paths of certificates are relative to it
    /// @param bouncer    keeps attackers out; may be nullptr
    Listeners(net::IoPool& pool, const Clock& clock, SocketSource& sockets, observe::Logger log,
              std::string directory, const net::Bouncer* bouncer)
        : pool_{pool},
          clock_{clock},
          sockets_{sockets},
          log_{log},
          directory_{std::move(directory)},
          bouncer_{bouncer} {}
    ~Listeners() { stop(std::chrono::milliseconds{0}, Addresses::kept); }

    /// Binds; nothing is accepted before start(). On an error nothing stays bound.
    std::expected<void, std::string> open(const Configuration& wanted);
    void start();
    /// Binds what is new, closes what is not wanted any more (its sessions go on), and gives the others their
    /// new rules, limits and certificates, for connections from now on. Certificates are read again in any
    /// case. A listener with an address that cannot be bound stays closed, with a sentence.
    std::vector<std::string> apply(const Configuration& wanted);
    /// What is in force and does not work as one would wish: certificates that cannot be used.
    std::vector<std::string> warnings() const;
    /// Ends the sessions and closes; open() may be called again.
    void stop(std::chrono::milliseconds grace, Addresses addresses);

    std::size_t sessions() const;
    void add_ports(Ports& ports) const;  ///< those that are really used; the first of each name

private:
    struct Slot {
        Wanted wanted;
        std::shared_ptr<net::AccessLevel> access;
        std::shared_ptr<net::TlsContext> tls;
        std::string tls_warning;  ///< ""
        std::unique_ptr<net::Listener> listener;
    };
    std::shared_ptr<net::TlsContext> tls(const settings::ListenerSettings& listener, std::string& warning,
                                         std::shared_ptr<net::TlsContext> before) const;
    std::expected<Slot, std::string> open(Wanted wanted);
    std::expected<net::ListenerOptions, std::string> options(Slot& slot) const;
    std::expected<void, std::string> take_common(const Configuration& wanted);
    void close(Slot& slot);

    net::IoPool& pool_;
    const Clock& clock_;
    SocketSource& sockets_;
    observe::Logger log_;
    std::string directory_;
    const net::Bouncer* bouncer_;
    ServiceWords words_;
    std::chrono::seconds handshake_timeout_{10};
    std::shared_ptr<net::AccessLevel> service_access_;
    std::shared_ptr<std::atomic<std::uint32_t>> next_session_ =
        std::make_shared<std::atomic<std::uint32_t>>(1);
    mutable std::mutex mutex_;  ///< slots_ and retired_, for who only looks
    std::vector<Slot> slots_;
    std::vector<std::unique_ptr<net::Listener>> retired_;  ///< accept no more; their last sessions run
    bool started_ = false;
};

}  // namespace postrider::app
