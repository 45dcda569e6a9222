#pragma once

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
};

/// The queue as those see it who send: one virtual queue per destination, whose hosts are up or down for all
/// messages alike. A destination is a domain in lower case and A-labels, or the name of a route in brackets
/// ("[smart-host]"). Callable from any thread; everything may read and write the disk (use the worker pool).
class Outbound {
public:
    virtual ~Outbound() = default;

    /// Destinations that have something due, are not down, and that nobody works on: the caller's until
    /// leave().
    virtual std::vector<std::string> take_destinations(std::size_t limit) = 0;
    /// What is due there, most urgent first; the caller's until settle(). Fewer than `limit`: that was all.
    virtual std::vector<Consignment> take(const std::string& destination, std::size_t limit) = 0;
    /// Stores what has become of it, before anything else is sent on the same connection; reports where
    /// senders asked for it. A consignment without fates goes back untried.
    virtual void settle(const Consignment& consignment, const std::vector<Fate>& fates) = 0;
    /// No host of the destination could be reached or would talk: all that waits for it waits for the next
    /// probe (doubling delay), whose failure counts as an attempt of each message that was due.
    virtual void down(const std::string& destination, const std::string& status, const std::string& why) = 0;
    /// A host has taken a message: everything that waits for the destination is due now.
    virtual void up(const std::string& destination) = 0;
    virtual void leave(const std::string& destination) = 0;
};

}  // namespace postrider::delivery
