#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "delivery/outbound.h"
#include "net/pools.h"
#include "relay/connections.h"
#include "relay/connector.h"
#include "relay/destination.h"
#include "relay/ledger.h"

namespace postrider::relay {

class Sending;

/// Sends what the queue has for other hosts: takes destinations, works on each in a group of coroutines on
/// one of the I/O threads, and says what came of it. The disk is read and written on workers. Held by a
/// shared_ptr: what is still on its way after stop() holds it too, until the I/O threads end.
class Dispatcher : public std::enable_shared_from_this<Dispatcher> {
public:
    /// What it works with; all must live longer, unless `keep` holds them.
    struct Parts {
        const OutgoingSettings& settings;
        delivery::Outbound& outbound;
        const RouteTable& routes;
        dns::Resolver& resolver;
        StsPolicies* sts = nullptr;
        TlsAttempts* attempts = nullptr;
        /// The octets of a message; on a worker.
        std::function<mailstore::Result<std::shared_ptr<const std::string>>(BlobId)> read;
        /// The reverse-path of a message, where it is another than the envelope's (SRS); may be empty.
        std::function<std::optional<mime::AddrSpec>(const delivery::Consignment&)> sender_of;
        const Clock& clock;
        net::IoPool& io;
        net::WorkerPool& workers;
        observe::Logger log;
        observe::Metrics& metrics;
        /// Which hosts are ourselves; ipv6, port and seed are filled in here.
        HostRules us;
        std::shared_ptr<const void> keep;
    };
    explicit Dispatcher(Parts parts);
    ~Dispatcher();

    /// The I/O threads may be started later.
    void start();
    /// Takes nothing more, waits at most `grace` for messages that are on the wire, and settles. What takes
    /// longer goes on as long as the I/O threads run, which they must still do.
    void stop(std::chrono::milliseconds grace);
    void wake();  ///< something may be due; any thread, cheap

private:
    friend class Sending;
    /// What happens on one I/O thread.
    struct Lane {
        Lane(net::asio::io_context& io, net::WorkerPool& workers, Connections::Limits limits,
             Connections::Total& total)
            : context{io}, ledger{workers}, connections{limits, total} {}
        net::asio::io_context& context;
        Ledger ledger;
        Connections connections;
        std::atomic<bool> told{false};  ///< it will relieve() by itself
        std::vector<std::weak_ptr<Sending>> sendings;
    };
    struct Counters {
        observe::Counter &sent, &deferred, &failed, &octets;
        observe::Gauge& destinations;
    };

    void run();
    void begin(std::string destination);
    void ended();
    void each_second();
    void relieve_others(const Connections& from);
    Lane& lane_of(const std::string& host);
    HostRules host_rules(std::uint16_t port);

    Parts parts_;
    Connector connector_;
    Counters counters_;
    Connections::Total connections_;
    std::atomic<std::size_t> octets_held_{0};  ///< of messages on their way out
    std::atomic<std::uint64_t> seed_{0};
    std::vector<std::unique_ptr<Lane>> lanes_;

    std::mutex mutex_;
    std::condition_variable changed_;
    bool woken_ = false;
    std::atomic<bool> stopping_{false};
    std::size_t lanes_stopped_ = 0;
    std::atomic<std::size_t> active_{0};  ///< destinations that are worked on; changed with `mutex_` held
    std::thread thread_;
};

}  // namespace postrider::relay
