#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>

#include <chrono>
#include <string>
#include <string_view>

#include "net/socket_address.h"
#include "net/unique_fd.h"

namespace postrider::net {

/// A blocking client for tests.
class TestPeer {
public:
    explicit TestPeer(const Endpoint& to) {
        const auto address = to_socket_address(to);
        fd_ = UniqueFd{::socket(address->storage.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0)};
        connected_ =
            ::connect(fd_.get(), reinterpret_cast<const sockaddr*>(&address->storage), address->size) == 0;
    }
    bool connected() const { return connected_; }
    int fd() const { return fd_.get(); }
    bool say(std::string_view octets) {
        while (!octets.empty()) {
            const ssize_t sent = ::send(fd_.get(), octets.data(), octets.size(), MSG_NOSIGNAL);
            if (sent <= 0) return false;
            octets.remove_prefix(static_cast<std::size_t>(sent));
        }
        return true;
    }
    /// Up to `count` octets, less when the other side closes or says nothing for `patience`.
    std::string hear(std::size_t count, std::chrono::milliseconds patience = std::chrono::seconds{60}) {
        std::string heard;
        char chunk[65536];
        while (heard.size() < count) {
            pollfd waiting{fd_.get(), POLLIN, 0};
            if (::poll(&waiting, 1, static_cast<int>(patience.count())) <= 0) break;
            const ssize_t got = ::recv(fd_.get(), chunk, std::min(sizeof chunk, count - heard.size()), 0);
            if (got <= 0) break;
            heard.append(chunk, static_cast<std::size_t>(got));
        }
        return heard;
    }
    std::string hear_all(std::chrono::milliseconds patience = std::chrono::seconds{60}) {
        return hear(1U << 30, patience);
    }
    void half_close() { ::shutdown(fd_.get(), SHUT_WR); }
    void close() { fd_.reset(); }

private:
    UniqueFd fd_;
    bool connected_ = false;
};

}  // namespace postrider::net
