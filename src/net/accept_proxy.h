#pragma once

#include "net/listener.h"
#include "net/socket_stream.h"

namespace postrider::net {

/// Reads the PROXY header and gives the stream its original endpoints. Octets behind the header stay in the
/// socket, where a TLS handshake finds them. Throws SessionEnd when there is none (unless optional), it is
/// malformed, of a version that is not allowed, or late.
Task<> accept_proxy_header(SocketStream& stream, const ProxyOptions& options);

}  // namespace postrider::net
