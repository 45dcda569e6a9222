#pragma once

#include "filter/scan/scanner.h"
#include "filter/scan/socket.h"
#include "observe/log.h"

namespace postrider::filter {

/// How long a connector waits, and where it tells of its dialogue.
struct ScanOptions {
    std::chrono::milliseconds connect{5000};   ///< for a connection
    std::chrono::milliseconds step{60'000};    ///< for each sign of life
    std::chrono::milliseconds whole{120'000};  ///< for everything
    observe::Logger log;
    Patience patience() const { return {step, whole}; }
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
