#pragma once

#include "net/stream.h"

namespace postrider::rpop {

/// The next line without its end, at most `limit` octets. Throws Failed when it is longer: nobody waits for
/// the end of what a hostile server never ends.
net::Task<std::string> read_line(net::Stream& peer, std::size_t limit);

}  // namespace postrider::rpop
