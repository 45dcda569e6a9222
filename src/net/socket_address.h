#pragma once

#include <sys/socket.h>

#include <optional>

#include "net/stream.h"

namespace postrider::net {

/// A socket address as bind() and connect() take it.
struct SocketAddress {
    sockaddr_storage storage{};
    socklen_t size = 0;
    const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
    sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

/// Numeric IPv4 or IPv6 address and port; nullopt if it is neither. "" and "*" are no addresses.
std::optional<SocketAddress> to_socket_address(const Endpoint& endpoint);

/// Numeric text of an address; IPv4-mapped IPv6 as IPv4; {"", 0} for families without one.
Endpoint to_endpoint(const sockaddr* address);

Endpoint local_endpoint(int fd);
Endpoint peer_endpoint(int fd);

/// "192.0.2.1:25", "[2001:db8::1]:25", "[::]:25". nullopt if it is not a numeric address with a port 0-65535.
std::optional<Endpoint> parse_endpoint(std::string_view text);

}  // namespace postrider::net
