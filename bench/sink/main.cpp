// A mail server that takes everything and keeps nothing, for measuring who sends: one thread, epoll, each
// read as large as it comes, one write for all replies to it. `sink PORT` listens on all addresses and prints
// "mesg=N" when N messages have been taken, at most a hundred times a second.
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr std::size_t longest_command = 4096;
constexpr std::string_view end_of_data = "\r\n.\r\n";

struct Peer {
    explicit Peer(int descriptor) : fd{descriptor} {}
    ~Peer() { ::close(fd); }
    Peer(const Peer&) = delete;
    Peer& operator=(const Peer&) = delete;

    int fd;
    bool in_message = false;
    bool gone = false;
    std::string rest;  ///< of a command; in a message its last octets, which may begin its end
};

class Sink {
public:
    unsigned long taken = 0;

    /// Looks at what has come, answers it; false: the connection is to be closed.
    bool take(Peer& peer, std::string_view octets) {
        std::string replies;
        std::string joined;
        if (!peer.rest.empty()) {
            const std::size_t more =
                peer.in_message ? std::min<std::size_t>(octets.size(), 4) : octets.size();
            joined = std::move(peer.rest);
            peer.rest.clear();
            joined.append(octets.substr(0, more));
            if (peer.in_message) {
                if (const std::size_t at = joined.find(end_of_data); at != std::string::npos) {
                    octets.remove_prefix(more - (joined.size() - at - end_of_data.size()));
                    end(peer, replies);
                }
            } else {
                octets = joined;
            }
        }
        while (!octets.empty() && !peer.gone) {
            if (peer.in_message) {
                const std::size_t at = octets.find(end_of_data);
                if (at == std::string_view::npos) {
                    if (octets.size() < 4) octets = remember(joined, octets);
                    peer.rest = octets.substr(octets.size() - std::min<std::size_t>(octets.size(), 4));
                    break;
                }
                octets.remove_prefix(at + end_of_data.size());
                end(peer, replies);
                continue;
            }
            const std::size_t line = octets.find("\r\n");
            if (line == std::string_view::npos) {
                if (octets.size() > longest_command) return false;
                peer.rest = octets;
                break;
            }
            command(peer, octets.substr(0, line), replies);
            octets.remove_prefix(line + 2);
        }
        if (!replies.empty() && ::send(peer.fd, replies.data(), replies.size(), MSG_NOSIGNAL) < 0)
            return false;
        return !peer.gone;
    }

private:
    /// The last four octets of a message that comes in very small pieces.
    static std::string_view remember(std::string& joined, std::string_view octets) {
        if (joined.empty()) joined = octets;
        return joined;
    }
    void end(Peer& peer, std::string& replies) {
        ++taken;
        peer.in_message = false;
        peer.rest.clear();
        replies.append("250 2.0.0 taken\r\n");
    }
    static void command(Peer& peer, std::string_view line, std::string& replies) {
        const std::string_view verb = line.substr(0, 4);
        if (verb == "EHLO") {
            replies.append("250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250 SIZE\r\n");
        } else if (verb == "DATA") {
            peer.in_message = true;
            peer.rest = "\r\n";  // an empty message has only the dot
            replies.append("354 go\r\n");
        } else if (verb == "QUIT") {
            peer.gone = true;
            replies.append("221 bye\r\n");
        } else {
            replies.append("250 ok\r\n");
        }
    }
};

int listen_on(int port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    const int on = 1;
    ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(static_cast<std::uint16_t>(port));
    if (::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0
        || ::listen(fd, 4096) != 0) {
        std::perror("sink");
        std::exit(1);
    }
    return fd;
}

}  // namespace

int main(int count, char** arguments) {
    if (count != 2) {
        std::fputs("usage: sink PORT\n", stderr);
        return 2;
    }
    const int listener = listen_on(std::atoi(arguments[1]));
    const int poll = ::epoll_create1(0);
    epoll_event event{};
    event.events = EPOLLIN;
    event.data.ptr = nullptr;
    ::epoll_ctl(poll, EPOLL_CTL_ADD, listener, &event);
    std::vector<char> buffer(std::size_t{1} << 20);
    std::vector<epoll_event> events(512);
    Sink sink;
    unsigned long said = 0;
    auto next = std::chrono::steady_clock::now();
    while (true) {
        const int ready = ::epoll_wait(poll, events.data(), static_cast<int>(events.size()), 10);
        for (int i = 0; i < ready; ++i) {
            auto* peer = static_cast<Peer*>(events[static_cast<std::size_t>(i)].data.ptr);
            if (!peer) {
                int fd = -1;
                while ((fd = ::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK)) >= 0) {
                    const int on = 1;
                    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
                    constexpr std::string_view banner = "220 sink ESMTP\r\n";
                    (void)::send(fd, banner.data(), banner.size(), MSG_NOSIGNAL);
                    event.data.ptr = new Peer{fd};  // until it goes
                    ::epoll_ctl(poll, EPOLL_CTL_ADD, fd, &event);
                }
                continue;
            }
            const ssize_t got = ::recv(peer->fd, buffer.data(), buffer.size(), 0);
            if (got < 0 && errno == EAGAIN) continue;
            if (got <= 0 || !sink.take(*peer, {buffer.data(), static_cast<std::size_t>(got)})) delete peer;
        }
        if (const auto now = std::chrono::steady_clock::now(); sink.taken != said && now >= next) {
            said = sink.taken;
            std::printf("mesg=%lu\n", said);
            std::fflush(stdout);
            next = now + std::chrono::milliseconds{10};
        }
    }
}
