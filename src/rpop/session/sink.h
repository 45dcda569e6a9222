#pragma once

#include <string>
#include <vector>

#include "rpop/connections.h"

namespace postrider::rpop {

/// Where a retrieval puts what it fetches and remembers what it has had. May block: each retrieval has a
/// thread of its own.
class Sink {
public:
    virtual ~Sink() = default;
    /// The message is on disk when it returns; throws Failed when it cannot be taken now.
    virtual void deliver(std::string message) = 0;
    virtual bool stopping() const = 0;

    // POP3
    virtual Connections::Seen seen() = 0;
    virtual void mark_seen(const std::string& uid) = 0;  ///< durable, or throws Failed
    virtual void forget_seen(const std::vector<std::string>& uids) = 0;

    // IMAP
    virtual Status& status() = 0;
    virtual void progress() = 0;  ///< status() is durable, or throws Failed
};

struct Limits {
    std::uint64_t message = 50u << 20;  ///< octets
    std::size_t messages = 1000;        ///< fetched in one retrieval; the next one goes on
    std::size_t listed = 100'000;       ///< messages that are looked at
};

struct Tally {
    unsigned fetched = 0, deleted = 0, skipped = 0;
};

}  // namespace postrider::rpop
