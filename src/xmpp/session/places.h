#pragma once

#include <string>
#include <vector>

#include "dns/resolver.h"
#include "net/stream.h"

namespace postrider::xmpp {

/// Where the server of an XMPP domain is, the best place first, at most eight. With a host: its addresses.
/// Without one: those of the hosts that the domain's SRV records name, or the domain's own (RFC 6120 §3.2).
/// Throws Client::Trouble when there is none.
net::Task<std::vector<net::Endpoint>> places(std::string domain, std::string host, std::uint16_t port,
                                             dns::Resolver& resolver);

}  // namespace postrider::xmpp
