#pragma once

#include <chrono>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <string>

#include "net/pools.h"
#include "net/stream.h"

namespace postrider::net {

class TlsContext;

/// Whether a PROXY header precedes each connection, and from whom it is believed.
struct ProxyOptions {
    bool v1 = false;
    bool v2 = false;
    bool optional = false;  ///< trusted peers may also connect without a header
    std::function<bool(const std::string& ip)>
        trusted;  ///< peers that it does not trust are ordinary clients
    std::chrono::seconds timeout{5};
    bool enabled() const { return (v1 || v2) && trusted; }
};

/// One listener as the configuration has it, with the service that answers there.
struct ListenerOptions {
    enum class Severity { error, warning, info, debug };
    /// Alive while the session is: gives its place back when destroyed.
    using Ticket = std::shared_ptr<void>;

    Endpoint address;  ///< 0.0.0.0 and :: are all addresses of their family (:: does not include IPv4); port
                       ///< 0: any
    bool implicit_tls = false;
    std::shared_ptr<const TlsContext> tls;
    std::chrono::seconds idle_timeout{300};  ///< 0 = none
    std::shared_ptr<const Farewell> farewell;
    std::string
        refuse;  ///< what a client hears that admit() turned away, e.g. "421 4.7.0 Too many connections\r\n"
    ProxyOptions proxy;

    /// Access rules and flow control (gate.h): a ticket, or why not (for the log). Called on an I/O thread;
    /// empty: everyone is welcome. Given the original client when a PROXY header named one.
    std::function<std::expected<Ticket, std::string>(const Endpoint& peer)> admit;
    /// One session, from banner to close. SessionEnd ends it silently; any other exception is logged as an
    /// error.
    std::function<Task<>(std::unique_ptr<Stream>)> handler;
    std::function<void(Severity, const std::string&)> log;  ///< from any thread; may be empty
};

/// A socket that listens on an address, for Listener::adopt(): who may bind low ports can hand it to who may
/// not. The descriptor is the caller's. The error says which address and why.
std::expected<int, std::string> listening_socket(const Endpoint& address);

/// Accepts connections on one address and runs a session for each, on the I/O thread with the fewest.
/// All functions may be called from any thread that is not an I/O thread.
class Listener {
public:
    /// Binds and listens; nothing is accepted before start(). The error says which address and why.
    static std::expected<std::unique_ptr<Listener>, std::string> open(IoPool& pool, ListenerOptions options);
    /// Takes a socket that listens already (handed over by a supervisor or an older process).
    static std::expected<std::unique_ptr<Listener>, std::string> adopt(IoPool& pool, int fd,
                                                                       ListenerOptions options);
    ~Listener();  ///< stop(0)

    void start();
    /// For connections from now on; running sessions keep what they began with. The address cannot change.
    void reload(ListenerOptions options);
    /// Accepts no more; running sessions go on.
    void stop_accepting();
    /// Accepts no more, ends every session politely (see Stream::farewell) when it next waits for input, and
    /// after `grace` at once. Returns when all are gone.
    void stop(std::chrono::milliseconds grace);

    const Endpoint& local() const;  ///< with the real port
    int fd() const;                 ///< to hand over to a successor; -1 after stop_accepting()
    std::size_t sessions() const;
    struct Totals {
        std::uint64_t accepted = 0;  ///< a session began
        std::uint64_t refused = 0;   ///< by admit()
        std::uint64_t failed = 0;    ///< no descriptor, PROXY header or TLS handshake
    };
    Totals totals() const;

private:
    struct State;
    explicit Listener(std::shared_ptr<State> state) : state_{std::move(state)} {}
    std::shared_ptr<State> state_;
};

}  // namespace postrider::net
