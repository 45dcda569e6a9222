#pragma once

#include "dns/resolver.h"
#include "net/stream.h"
#include "net/tls.h"
#include "rpop/connection.h"

namespace postrider::rpop {

/// Connects to the connection's host: its IPv6 and IPv4 addresses one after the other, at most six. TLS from
/// the first octet where that is wanted. Throws Failed when none can be reached.
net::Task<std::unique_ptr<net::Stream>> reach(const Connection& connection, dns::Resolver& resolver,
                                              std::shared_ptr<const net::TlsContext> tls);

}  // namespace postrider::rpop
