#pragma once

#include "net/stream.h"
#include "rpop/session/sink.h"

namespace postrider::net {
class TlsContext;
}

namespace postrider::rpop {

/// One retrieval by IMAP (RFC 3501, RFC 9051) over a fresh connection. Messages above the last UID that was
/// fetched are new; a new UIDVALIDITY makes all of them new (RFC 9051 §2.3.1.1). A message is deleted there
/// only after it is on disk here.
/// Throws Failed and net::SessionEnd.
net::Task<> fetch_imap(net::Stream& peer, const Connection& connection, std::string password,
                       std::shared_ptr<const net::TlsContext> tls, Sink& sink, Limits limits, Time now,
                       Tally& tally);

}  // namespace postrider::rpop
