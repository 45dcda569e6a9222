#pragma once

#include "smtp/session/session.h"

namespace postrider::smtp {

/// One connection from banner to close; what a net::Listener is given. `entrance` and `services` must outlive
/// it. Throws net::SessionEnd when the peer goes away, which the listener catches and logs.
net::Task<> serve(std::unique_ptr<net::Stream> peer, const Services& services, const Entrance& entrance,
                  SessionId id);

}  // namespace postrider::smtp
