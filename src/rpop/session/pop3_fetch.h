#pragma once

#include "net/stream.h"
#include "rpop/session/sink.h"

namespace postrider::net {
class TlsContext;
}

namespace postrider::rpop {

/// One retrieval by POP3 (RFC 1939) over a fresh connection: greeting to QUIT. A message is deleted there
/// only after it is on disk here; a retrieval that breaks off is taken up by the next one. Throws Failed and
/// net::SessionEnd.
/// @param tls  for STLS, when the connection wants it
net::Task<> fetch_pop3(net::Stream& peer, const Connection& connection, std::string password,
                       std::shared_ptr<const net::TlsContext> tls, Sink& sink, Limits limits, Time now,
                       Tally& tally);

}  // namespace postrider::rpop
