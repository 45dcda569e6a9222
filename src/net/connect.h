#pragma once

#include <chrono>
#include <memory>
#include <string>
#include <vector>

#include "net/stream.h"

namespace postrider::net {

class TlsContext;

struct ConnectOptions {
    Endpoint to;            ///< numeric; names are the resolver's business
    std::string source_ip;  ///< address to come from; "" = the system's choice
    std::chrono::seconds connect_timeout{30};
    std::chrono::seconds idle_timeout{300};  ///< of the stream afterwards; 0 = none
    std::shared_ptr<const TlsContext>
        tls;                  ///< for TLS from the first octet; nullptr = plain, start_tls_client() later
    std::string server_name;  ///< for SNI and, if `tls` verifies, for the certificate
};

/// Connects from the I/O thread of the calling coroutine. Throws SessionEnd: timeout, error (refused,
/// unreachable, not an address; the text names the peer) or tls.
Task<std::unique_ptr<Stream>> connect(ConnectOptions options);

/// The same for a host with several addresses: one after the other, each for `connect_timeout`, until one
/// can be reached (RFC 5321 §5.1). `options.to` does not matter. Throws what the last one ended with.
Task<std::unique_ptr<Stream>> connect_to_any(std::vector<Endpoint> addresses, ConnectOptions options);

}  // namespace postrider::net
