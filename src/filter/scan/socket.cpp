#include "filter/scan/socket.h"

#include <fmt/format.h>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <system_error>
#include <vector>

namespace postrider::filter {
namespace {

constexpr std::size_t most_unread = 64 * 1024;

std::unexpected<Trouble> trouble(Trouble::Kind kind, std::string text) {
    return std::unexpected(Trouble{kind, std::move(text)});
}

std::unexpected<Trouble> trouble(Trouble::Kind kind, int error) {
    return trouble(kind, std::error_code{error, std::generic_category()}.message());
}

/// The pieces that are still to be sent.
class Rest {
public:
    explicit Rest(std::initializer_list<std::string_view> pieces) {
        for (const std::string_view piece : pieces)
            if (!piece.empty()) parts_.push_back({const_cast<char*>(piece.data()), piece.size()});
    }
    bool empty() const { return at_ == parts_.size(); }
    msghdr message() {
        msghdr header{};
        header.msg_iov = parts_.data() + at_;
        header.msg_iovlen = parts_.size() - at_;
        return header;
    }
    void sent(std::size_t count) {
        while (count > 0) {
            iovec& part = parts_[at_];
            const std::size_t here = std::min(count, part.iov_len);
            part.iov_base = static_cast<char*>(part.iov_base) + here;
            part.iov_len -= here;
            count -= here;
            if (part.iov_len == 0) ++at_;
        }
    }

private:
    std::vector<iovec> parts_;
    std::size_t at_ = 0;
};

}  // namespace

int Patience::next_wait() const {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(end_ - Steady::now());
    return static_cast<int>(std::clamp<std::int64_t>(std::min(left, step_).count(), 0, 1 << 30));
}

Maybe<short> Socket::wait(short events, const Patience& patience) const {
    for (;;) {
        pollfd waiting{fd_.get(), events, 0};
        const int ready = ::poll(&waiting, 1, patience.next_wait());
        if (ready > 0) return waiting.revents;
        if (ready == 0) return trouble(Trouble::Kind::silent, "no answer in time");
        if (errno != EINTR) return trouble(Trouble::Kind::closed, errno);
    }
}

Maybe<Socket> Socket::connect_to(const void* address, unsigned size, int family, const Patience& patience) {
    Socket made{net::UniqueFd{::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)}};
    if (!made.fd_) return trouble(Trouble::Kind::unreachable, errno);
    // A local socket whose backlog is full says EAGAIN and gives nothing to wait for (unix(7)).
    if (::connect(made.fd_.get(), static_cast<const sockaddr*>(address), size) == 0) return made;
    if (errno != EINPROGRESS) return trouble(Trouble::Kind::unreachable, errno);
    if (auto ready = made.wait(POLLOUT, patience); !ready)
        return trouble(Trouble::Kind::unreachable, "no connection in time");
    int error = 0;
    socklen_t length = sizeof error;
    if (::getsockopt(made.fd_.get(), SOL_SOCKET, SO_ERROR, &error, &length) != 0) error = errno;
    if (error != 0) return trouble(Trouble::Kind::unreachable, error);
    return made;
}

Maybe<Socket> Socket::connect(const ScannerAddress& to, const Patience& patience) {
    if (to.local()) {
        sockaddr_un address{};
        address.sun_family = AF_UNIX;
        std::memcpy(address.sun_path, to.path.data(), std::min(to.path.size(), sizeof address.sun_path - 1));
        return connect_to(&address, sizeof address, AF_UNIX, patience);
    }
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICSERV;
    addrinfo* found = nullptr;
    if (const int error = ::getaddrinfo(to.host.c_str(), std::to_string(to.port).c_str(), &hints, &found))
        return trouble(Trouble::Kind::unreachable, ::gai_strerror(error));
    const std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> holder{found, &::freeaddrinfo};
    Trouble last{Trouble::Kind::unreachable, "the name has no address"};
    for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
        auto made = connect_to(one->ai_addr, one->ai_addrlen, one->ai_family, patience);
        if (made) return made;
        last = std::move(made.error());
    }
    return std::unexpected(std::move(last));
}

Maybe<Socket::Sent> Socket::send(std::initializer_list<std::string_view> pieces, const Patience& patience) {
    Rest rest{pieces};
    while (!rest.empty()) {
        if (ended_) return Sent::cut;
        const bool listen = received_.size() < most_unread;
        auto ready = wait(static_cast<short>(POLLOUT | (listen ? POLLIN : 0)), patience);
        if (!ready) return std::unexpected(std::move(ready.error()));
        if (listen && (*ready & (POLLIN | POLLHUP | POLLERR)) != 0) {
            auto more = receive_now(most_unread);
            if (!more) return std::unexpected(std::move(more.error()));
            continue;
        }
        msghdr message = rest.message();
        const ssize_t sent = ::sendmsg(fd_.get(), &message, MSG_NOSIGNAL);
        if (sent > 0) {
            rest.sent(static_cast<std::size_t>(sent));
        } else if (errno == EPIPE || errno == ECONNRESET) {
            return Sent::cut;  // it may have said why
        } else if (errno != EAGAIN && errno != EINTR) {
            return trouble(Trouble::Kind::closed, errno);
        }
    }
    return Sent::all;
}

void Socket::end_of_sending() {
    ::shutdown(fd_.get(), SHUT_WR);
}

/// False: there is nothing, or there will be nothing more (ended_).
Maybe<bool> Socket::receive_now(std::size_t limit) {
    char chunk[16384];
    const ssize_t got = ::recv(fd_.get(), chunk, std::min(sizeof chunk, limit - received_.size()), 0);
    if (got > 0) {
        received_.append(chunk, static_cast<std::size_t>(got));
        return true;
    }
    if (got == 0 || errno == ECONNRESET) {
        ended_ = true;
        return false;
    }
    if (errno == EAGAIN || errno == EINTR) return false;
    return trouble(Trouble::Kind::closed, errno);
}

Maybe<bool> Socket::receive(const Patience& patience, std::size_t limit) {
    if (received_.size() >= limit) return trouble(Trouble::Kind::nonsense, "an answer that is too long");
    for (;;) {
        if (ended_) return false;
        if (auto ready = wait(POLLIN, patience); !ready) return std::unexpected(std::move(ready.error()));
        auto more = receive_now(limit);
        if (!more || *more) return more;
    }
}

Maybe<std::string> Socket::receive_until(char end, std::size_t limit, const Patience& patience) {
    for (std::size_t seen = 0;;) {
        const std::size_t at = received_.find(end, seen);
        if (at != std::string::npos) {
            std::string text = received_.substr(0, at);
            received_.erase(0, at + 1);
            return text;
        }
        seen = received_.size();
        auto more = receive(patience, limit);
        if (!more) return std::unexpected(std::move(more.error()));
        if (!*more) return trouble(Trouble::Kind::closed, "closed in the middle of an answer");
    }
}

Maybe<std::string> Socket::receive_all(std::size_t limit, const Patience& patience) {
    for (;;) {
        auto more = receive(patience, limit);
        if (!more) return std::unexpected(std::move(more.error()));
        if (!*more) return take_received();
    }
}

bool Socket::quiet() const {
    pollfd waiting{fd_.get(), POLLIN, 0};
    return !ended_ && received_.empty() && ::poll(&waiting, 1, 0) == 0;
}

}  // namespace postrider::filter
