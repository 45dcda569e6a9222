#pragma once

#include <expected>
#include <optional>
#include <string_view>

#include "net/stream.h"

namespace postrider::net {

/// What a PROXY protocol header says (HAProxy's proxy-protocol.txt, versions 1 and 2).
struct ProxyHeader {
    int version = 1;
    std::size_t size = 0;  ///< octets of the header; what follows belongs to the connection
    struct Addresses {
        Endpoint source;
        Endpoint destination;
    };
    /// Missing for UNKNOWN, LOCAL and address families other than TCP over IP: the connection is the proxy's
    /// own.
    std::optional<Addresses> addresses;
};

enum class ProxyError {
    need_more,  ///< all given octets belong to a header that is not complete
    absent,     ///< these octets do not begin a header
    malformed,
};

/// Reads the header at the beginning of `octets`. At most 107 octets for version 1, 16 + 2,048 for version 2
/// (the protocol allows 65,535, all but 216 of them optional extensions).
std::expected<ProxyHeader, ProxyError> parse_proxy_header(std::string_view octets);

}  // namespace postrider::net
