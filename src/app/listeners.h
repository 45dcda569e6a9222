#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <vector>

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

/// All listeners of one service: settings turned into sockets, rules and TLS.
class Listeners {
public:
    /// Gives a session its id and runs it. `tls` is for STARTTLS, nullptr where there is no certificate.
    using Serve = std::function<net::Task<>(std::unique_ptr<net::Stream>, SessionId)>;
    /// Makes the handler of one listener, which keeps its own entrance.
    using MakeServe = std::function<Serve(std::shared_ptr<const net::TlsContext> tls)>;

    /// @param directory  relative paths of certificates are relative to it
    Listeners(net::IoPool& pool, const Clock& clock, observe::Logger log, ServiceWords words,
              std::string directory, std::chrono::seconds handshake_timeout)
        : pool_{pool},
          clock_{clock},
          log_{log},
          words_{std::move(words)},
          directory_{std::move(directory)},
          handshake_timeout_{handshake_timeout} {}

    /// The service's own rules, before any add().
    std::expected<void, std::string> set_access(const settings::AccessControl& access);
    /// Binds; nothing is accepted before start(). A listener that is not enabled is left out.
    std::expected<void, std::string> add(const settings::ListenerSettings& settings, const MakeServe& make);
    void start();
    void stop(std::chrono::milliseconds grace);

    /// Ports that are really used, in the order of add(); 0 where a listener is not enabled.
    const std::vector<std::uint16_t>& ports() const { return ports_; }

private:
    std::shared_ptr<net::TlsContext> tls(const settings::SslControl& ssl, const std::string& address) const;

    net::IoPool& pool_;
    const Clock& clock_;
    observe::Logger log_;
    ServiceWords words_;
    std::string directory_;
    std::chrono::seconds handshake_timeout_;
    std::shared_ptr<net::AccessLevel> service_access_;
    std::shared_ptr<std::atomic<std::uint32_t>> next_session_ =
        std::make_shared<std::atomic<std::uint32_t>>(1);
    std::vector<std::unique_ptr<net::Listener>> listeners_;
    std::vector<std::uint16_t> ports_;
};

}  // namespace postrider::app
