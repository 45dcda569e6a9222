#include "observe/udp.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <unistd.h>

#include <charconv>
#include <cstring>
#include <utility>

namespace postrider::observe {

std::string Endpoint::ip() const {
    char text[INET6_ADDRSTRLEN] = {};
    if (address.ss_family == AF_INET) {
        inet_ntop(AF_INET, &reinterpret_cast<const sockaddr_in&>(address).sin_addr, text, sizeof text);
    } else if (address.ss_family == AF_INET6) {
        inet_ntop(AF_INET6, &reinterpret_cast<const sockaddr_in6&>(address).sin6_addr, text, sizeof text);
    }
    return text;
}

std::uint16_t Endpoint::port() const {
    return ntohs(address.ss_family == AF_INET ? reinterpret_cast<const sockaddr_in&>(address).sin_port
                                              : reinterpret_cast<const sockaddr_in6&>(address).sin6_port);
}

std::optional<Endpoint> parse_endpoint(std::string_view text) {
    std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos || text.size() > 64) return std::nullopt;
    std::uint16_t port = 0;
    auto [end, error] = std::from_chars(text.data() + colon + 1, text.data() + text.size(), port);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    std::string host{text.substr(0, colon)};
    Endpoint endpoint;
    if (host.starts_with('[') && host.ends_with(']')) {
        auto& v6 = reinterpret_cast<sockaddr_in6&>(endpoint.address);
        v6.sin6_family = AF_INET6;
        v6.sin6_port = htons(port);
        endpoint.size = sizeof v6;
        host = host.substr(1, host.size() - 2);
        if (inet_pton(AF_INET6, host.c_str(), &v6.sin6_addr) != 1) return std::nullopt;
    } else {
        auto& v4 = reinterpret_cast<sockaddr_in&>(endpoint.address);
        v4.sin_family = AF_INET;
        v4.sin_port = htons(port);
        endpoint.size = sizeof v4;
        if (inet_pton(AF_INET, host.c_str(), &v4.sin_addr) != 1) return std::nullopt;
    }
    return endpoint;
}

UdpSocket::UdpSocket(int family) : fd_{::socket(family, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)} {}

UdpSocket::UdpSocket(UdpSocket&& other) noexcept : fd_{std::exchange(other.fd_, -1)} {}

UdpSocket& UdpSocket::operator=(UdpSocket&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
}

UdpSocket::~UdpSocket() {
    if (fd_ >= 0) ::close(fd_);
}

bool UdpSocket::bind(const Endpoint& to) {
    return ::bind(fd_, reinterpret_cast<const sockaddr*>(&to.address), to.size) == 0;
}

std::uint16_t UdpSocket::local_port() const {
    Endpoint local;
    local.size = sizeof local.address;
    if (::getsockname(fd_, reinterpret_cast<sockaddr*>(&local.address), &local.size) != 0) return 0;
    return local.port();
}

bool UdpSocket::send(const Endpoint& to, std::string_view datagram) const {
    return ::sendto(fd_, datagram.data(), datagram.size(), MSG_NOSIGNAL,
                    reinterpret_cast<const sockaddr*>(&to.address), to.size)
           == static_cast<ssize_t>(datagram.size());
}

}  // namespace postrider::observe
