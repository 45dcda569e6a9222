#pragma once

#include "filter/scan/scanner.h"
#include "filter/scan/socket.h"
#include "observe/log.h"

namespace postrider::filter {

/// `whole`, or what is left until Subject::until if that is less; at least a millisecond.
std::chrono::milliseconds time_for(const Subject& subject, std::chrono::milliseconds whole);

/// How long a connector waits, and where it tells of its dialogue.
struct ScanOptions {
    std::chrono::milliseconds connect{5000};   ///< for a connection
    std::chrono::milliseconds step{60'000};    ///< for each sign of life
    std::chrono::milliseconds whole{120'000};  ///< for everything
    observe::Logger log;
    Patience patience(const Subject& subject) const { return {step, time_for(subject, whole)}; }
    /// Of a ping: a server that stops does not wait long for a scanner that hangs.
    Patience short_patience() const { return {std::min(connect, longest_ping), 2 * longest_ping}; }
    static constexpr std::chrono::milliseconds longest_ping{2000};
};

/// One way to talk to scanners. Callable from several threads at once.
class Connector {
public:
    virtual ~Connector() = default;
    /// The finding; trouble when there is none. Blocks for at most the whole time.
    virtual Maybe<Finding> ask(const Subject& subject) = 0;
    /// Whether it is there at all, as far as its protocol can tell. Blocks for some seconds at most.
    virtual Maybe<> ping() = 0;
    /// Closes connections that have been idle for too long.
    virtual void tidy() {}
};

/// `finding`, unless the scanner passed a message of which it had not seen all.
Maybe<Finding> unless_cut(Maybe<Finding> finding, Socket::Sent sent);

/// The number of a message as logs show it.
std::string show(QueueId id);

/// `text` as one line: controls become blanks, at most `limit` octets, blanks at both ends gone.
std::string one_line(std::string_view text, std::size_t limit = 500);

}  // namespace postrider::filter
