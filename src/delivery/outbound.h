#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "queue/queue.h"

namespace postrider::delivery {

/// One message on its way to one destination: what a connection takes at a time.
struct Consignment {
    std::shared_ptr<const queue::Entry> entry;
    std::vector<std::size_t> recipients;  ///< indices into entry->envelope.recipients: those that go this way
    std::string destination;              ///< the virtual queue it came from
};

/// What became of one recipient of a consignment. Those not named have not been tried and stay as they are.
struct Fate {
    enum class Kind : std::uint8_t {
        sent,       ///< the next host has taken responsibility (RFC 5321 §4.2.5)
        temporary,  ///< tried again on the message's own schedule
        permanent,  ///< reported to the sender
    };
    std::size_t recipient = 0;
    Kind kind = Kind::temporary;
    std::string status;        ///< enhanced code, RFC 3463; never empty
    std::string diagnostic;    ///< the reply ("550 5.1.1 No such user") or what went wrong, for people
    std::string remote_host;   ///< who said so: Remote-MTA of reports; "" = we did
    bool reports_dsn = false;  ///< the next host knows DSN, so we do not say "relayed" (RFC 3461 §5.2.2)
    bool keeps_time = false;   ///< the next host has been told BY (RFC 2852 §4.1.4)
};

/// Names of destinations (virtual queues), at most 255 octets of printable US-ASCII in lower case:
///     a domain in A-labels                "example.net"
///     an address literal                  "[192.0.2.1]", "[ipv6:2001:db8::1]"
///     what `Routes` has its own name for  "route:" and anything: no domain has a colon
inline constexpr std::string_view route_prefix = "route:";
inline constexpr std::size_t max_destination_octets = 255;

/// Which way mail leaves.
class Routes {
public:
    virtual ~Routes() = default;
    /// The virtual queue for an address that is not ours; "" when it can be sent nowhere (a domain that is no
    /// domain): the sender gets it back with 5.1.2. Called for each recipient, from any thread: must not
    /// block.
    virtual std::string destination(const queue::Envelope& envelope, const mime::AddrSpec& address) const = 0;
};

/// Each domain is its own destination.
class DomainRoutes final : public Routes {
public:
    std::string destination(const queue::Envelope& envelope, const mime::AddrSpec& address) const override;
};

/// The queue as those see it who send: one virtual queue per destination, whose hosts are up or down for all
/// messages alike. Callable from any thread; everything may read and write the disk (use the worker pool).
class Outbound {
public:
    virtual ~Outbound() = default;

    /// Destinations that have something due, are not down, and that nobody works on: the caller's until
    /// leave().
    virtual std::vector<std::string> take_destinations(std::size_t limit) = 0;
    /// What is due there, most urgent first; the caller's until settle(). Fewer than `limit`: that was all
    /// for now. A destination that has failed gives one message, as a probe, until up().
    virtual std::vector<Consignment> take(const std::string& destination, std::size_t limit) = 0;
    /// Stores what has become of it, before anything else is sent on the same connection; reports where
    /// senders asked for it. A consignment without fates goes back untried (but for down(), which counts for
    /// what was taken when it was called as well).
    virtual void settle(const Consignment& consignment, const std::vector<Fate>& fates) = 0;
    /// No host of the destination could be reached or would talk: all that waits for it waits for the next
    /// probe (doubling delay), whose failure counts as an attempt of each message that was due.
    virtual void down(const std::string& destination, const std::string& status, const std::string& why) = 0;
    /// A host has taken a message: everything that waits for the destination is due now.
    virtual void up(const std::string& destination) = 0;
    /// What is taken of it has been settled; somebody else may take it.
    virtual void leave(const std::string& destination) = 0;

    /// Calls `ready` when there may be something to take: one listener, from any thread, must only wake.
    /// Beside it, look every second: messages become due by the clock.
    virtual void on_ready(std::function<void()> ready) { (void)ready; }
};

}  // namespace postrider::delivery
