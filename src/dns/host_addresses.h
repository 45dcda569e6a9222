#pragma once

#include <string>
#include <vector>

#include "dns/resolver.h"

namespace postrider::dns {

struct HostAddresses {
    std::vector<std::string> all;  ///< numeric; those of IPv4 first
    std::string why;               ///< none was found; for people
};

/// The addresses of a host, at most `most`. A numeric one is its own; localhost is no question for name
/// servers (RFC 6761 §6.3).
/// @param host  with A-labels where it is international
net::Task<HostAddresses> host_addresses(Resolver& resolver, std::string host, std::size_t most);

}  // namespace postrider::dns
