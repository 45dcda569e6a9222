#pragma once

#include <sys/socket.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace postrider::observe {

/// "127.0.0.1:2000" or "[::1]:2000" as the socket functions want it.
struct Endpoint {
    sockaddr_storage address{};
    socklen_t size = 0;

    std::string ip() const;
    std::uint16_t port() const;
};

std::optional<Endpoint> parse_endpoint(std::string_view text);

/// A UDP socket that is closed when it goes.
class UdpSocket {
public:
    UdpSocket() = default;
    explicit UdpSocket(int family);  ///< not open when the system refuses
    UdpSocket(UdpSocket&& other) noexcept;
    UdpSocket& operator=(UdpSocket&& other) noexcept;
    ~UdpSocket();

    bool is_open() const { return fd_ >= 0; }
    int fd() const { return fd_; }
    bool bind(const Endpoint& to);
    std::uint16_t local_port() const;
    bool send(const Endpoint& to, std::string_view datagram) const;  ///< never blocks

private:
    int fd_ = -1;
};

}  // namespace postrider::observe
