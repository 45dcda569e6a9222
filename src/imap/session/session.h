#pragma once

#include <memory>

#include "imap/session/services.h"
#include "net/stream.h"
#include "net/task.h"

namespace postrider::imap {

/// One session, from greeting to close. Returns when the dialogue has ended in whatever way; throws nothing.
net::Task<> serve(std::unique_ptr<net::Stream> stream, Services services, Door door);

/// What clients hear when they are silent for too long or the server stops: for ListenerOptions::farewell.
std::shared_ptr<const net::Farewell> farewell();

/// What a client hears that flow control turned away: for ListenerOptions::refuse.
std::string refusal();

}  // namespace postrider::imap
