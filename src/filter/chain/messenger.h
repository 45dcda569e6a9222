#pragma once

#include "sieve/action.h"

namespace postrider::filter {

/// A way to people besides mail (RFC 5437). Thread-safe.
class Messenger {
public:
    virtual ~Messenger() = default;
    virtual bool available() const = 0;  ///< cheap
    /// Does not block and may fail without a word: the message itself is where it should be.
    virtual void tell(const sieve::Notification& notice) = 0;
};

}  // namespace postrider::filter
