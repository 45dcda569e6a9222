#pragma once

#include <string>
#include <vector>

#include "dns/resolver.h"
#include "net/stream.h"

namespace postrider::xmpp {

/// Connects to the server of an XMPP domain, plain; STARTTLS is the session's business. With a host: to its
/// addresses. Without one: to those that the domain's SRV records name, the best first, or to the domain's
/// own (RFC 6120 §3.2). At most eight addresses are tried, each for `patience`. Throws SessionEnd or
/// Client::Trouble when none can be reached.
net::Task<std::unique_ptr<net::Stream>> reach(std::string domain, std::string host, std::uint16_t port,
                                              std::chrono::seconds patience, dns::Resolver& resolver);

}  // namespace postrider::xmpp
