#include "app/local_server.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace postrider::app {
namespace {

std::unexpected<std::string> failed(const std::filesystem::path& path, const char* what) {
    return std::unexpected("The local socket " + path.string() + " " + what + ": " + std::strerror(errno));
}

}  // namespace

std::expected<std::unique_ptr<LocalServer>, std::string> LocalServer::open(Options options, Handler handler) {
    const std::filesystem::path path = options.path;
    auto address = SocketAddress::of(path);
    if (!address) return std::unexpected(address.error());
    const mode_t mode = options.mode;
    const int backlog = static_cast<int>(options.max_connections);
    std::unique_ptr<LocalServer> made{new LocalServer{std::move(options), std::move(handler)}};
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return failed(path, "needs a pipe");
    made->wake_read_ = Descriptor{ends[0]};
    made->wake_write_ = Descriptor{ends[1]};
    Descriptor listener{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    if (!listener.is_open()) return failed(path, "cannot be made");
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) return failed(path, "cannot be replaced");
    if (::bind(listener.get(), address->get(), address->size()) != 0) return failed(path, "cannot be bound");
    // Nobody can connect before listen(), so the mode is right from the first connection on.
    if (::chmod(path.c_str(), mode) != 0) return failed(path, "cannot be protected");
    if (::listen(listener.get(), backlog) != 0) return failed(path, "cannot be listened at");
    made->listener_ = std::move(listener);
    return made;
}

void LocalServer::start() {
    acceptor_ = std::thread{[this] { accept_all(); }};
}

void LocalServer::stop() {
    {
        std::lock_guard lock{mutex_};
        if (stopping_) return;
        stopping_ = true;
    }
    if (listener_.is_open()) ::unlink(options_.path.c_str());
    // A full pipe wakes as well as a written one.
    if (::write(wake_write_.get(), "x", 1) < 0) errno = 0;
    if (acceptor_.joinable()) acceptor_.join();
    listener_.reset();
    std::list<Connection> last;
    {
        std::lock_guard lock{mutex_};
        for (Connection& one : connections_) ::shutdown(one.peer.get(), SHUT_RD);
        last.swap(connections_);
    }
    for (Connection& one : last) one.thread.join();
}

void LocalServer::join_finished() {
    for (auto at = connections_.begin(); at != connections_.end();) {
        if (at->over) {
            at->thread.join();  // it has set `over` as its last deed
            at = connections_.erase(at);
        } else {
            ++at;
        }
    }
}

void LocalServer::accept_all() {
    while (true) {
        pollfd ready[2] = {{listener_.get(), POLLIN, 0}, {wake_read_.get(), POLLIN, 0}};
        if (::poll(ready, 2, -1) < 0 && errno != EINTR) return;
        if (ready[1].revents != 0) return;
        Descriptor peer{::accept4(listener_.get(), nullptr, nullptr, SOCK_CLOEXEC)};
        if (!peer.is_open()) {
            // Out of descriptors: the connection waits, and so do we rather than spin.
            if (errno == EMFILE || errno == ENFILE || errno == ENOMEM) ::poll(&ready[1], 1, 100);
            continue;
        }
        // Whoever does not read its answers must not keep a thread for ever.
        timeval patience{30, 0};
        ::setsockopt(peer.get(), SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
        std::unique_lock lock{mutex_};
        join_finished();
        if (connections_.size() >= options_.max_connections) {
            lock.unlock();
            send_all(peer.get(), options_.busy);
            continue;
        }
        Connection& made = connections_.emplace_back();
        made.peer = std::move(peer);
        made.thread = std::thread{[this, &made] { serve(made); }};
    }
}

void LocalServer::serve(Connection& connection) {
    handler_(connection.peer.get());
    std::lock_guard lock{mutex_};
    ::shutdown(connection.peer.get(), SHUT_RDWR);
    connection.over = true;
}

}  // namespace postrider::app
