#pragma once

#include <expected>
#include <string>

#include "net/stream.h"

namespace postrider::app {

/// Where listening sockets come from: bound here, or by a supervisor that keeps them when we end.
class SocketSource {
public:
    virtual ~SocketSource() = default;
    /// A socket that listens on the address; the descriptor is the caller's. Any thread.
    virtual std::expected<int, std::string> listen(const net::Endpoint& address) = 0;
    /// Nobody is to wait there any more. `bound` is the address with its real port.
    virtual void give_up(const net::Endpoint& bound) = 0;
};

/// Binds in this process.
class OwnSockets final : public SocketSource {
public:
    std::expected<int, std::string> listen(const net::Endpoint& address) override;
    void give_up(const net::Endpoint&) override {}
};

}  // namespace postrider::app
