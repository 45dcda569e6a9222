#include "app/control_server.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace postrider::app {
namespace {

constexpr std::size_t max_connections = 8;
constexpr std::chrono::milliseconds request_wait{30'000};

std::unexpected<std::string> failed(const std::filesystem::path& path, const char* what) {
    return std::unexpected("The control socket " + path.string() + " " + what + ": " + std::strerror(errno));
}

std::string refusal(std::string what) {
    return admin::answer_line(std::unexpected(admin::Error{admin::Error::Kind::usage, std::move(what)}));
}

/// What the operation was about, for the log: its required arguments but secrets.
std::string subject(const admin::Operation& operation, const admin::Json& arguments) {
    std::string out;
    for (const admin::Argument& one : operation.arguments) {
        if (!one.required || one.type == admin::Type::secret || !arguments.contains(one.name)) continue;
        out.append(" ").append(admin::to_text(arguments[std::string{one.name}]).substr(0, 300));
    }
    return out;
}

}  // namespace

std::expected<std::unique_ptr<ControlServer>, std::string> ControlServer::open(
    const std::filesystem::path& path, admin::Context& context, observe::Logger log) {
    std::unique_ptr<ControlServer> made{new ControlServer{context, log}};
    auto address = SocketAddress::of(path);
    if (!address) return std::unexpected(address.error());
    int ends[2];
    if (::pipe2(ends, O_CLOEXEC | O_NONBLOCK) != 0) return failed(path, "needs a pipe");
    made->wake_read_ = Descriptor{ends[0]};
    made->wake_write_ = Descriptor{ends[1]};
    made->listener_ = Descriptor{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    if (!made->listener_.is_open()) return failed(path, "cannot be made");
    if (::unlink(path.c_str()) != 0 && errno != ENOENT) return failed(path, "cannot be replaced");
    if (::bind(made->listener_.get(), address->get(), address->size()) != 0)
        return failed(path, "cannot be bound");
    made->path_ = path;
    // Nobody can connect before listen(), so the mode is right from the first connection on.
    if (::chmod(path.c_str(), S_IRUSR | S_IWUSR) != 0) return failed(path, "cannot be protected");
    if (::listen(made->listener_.get(), max_connections) != 0) return failed(path, "cannot be listened at");
    return made;
}

ControlServer::~ControlServer() {
    stop();
}

void ControlServer::start() {
    acceptor_ = std::thread{[this] { accept_all(); }};
}

void ControlServer::stop() {
    {
        std::lock_guard lock{mutex_};
        if (stopping_) return;
        stopping_ = true;
    }
    if (!path_.empty()) ::unlink(path_.c_str());
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

void ControlServer::join_finished(std::unique_lock<std::mutex>&) {
    for (auto at = connections_.begin(); at != connections_.end();) {
        if (at->over) {
            at->thread.join();  // it has set `over` as its last deed
            at = connections_.erase(at);
        } else {
            ++at;
        }
    }
}

void ControlServer::accept_all() {
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
        join_finished(lock);
        if (connections_.size() >= max_connections) {
            lock.unlock();
            send_all(peer.get(), refusal("Too many administration commands at once; try again"));
            continue;
        }
        Connection& made = connections_.emplace_back();
        made.peer = std::move(peer);
        made.thread = std::thread{[this, &made] { serve(made); }};
    }
}

void ControlServer::serve(Connection& connection) {
    int fd = connection.peer.get();
    LineReader lines{fd, admin::max_request_bytes};
    while (true) {
        auto line = lines.next(request_wait);
        if (!line) {
            if (line.error() == LineReader::End::too_long)
                send_all(fd, refusal("The request is longer than 1 MB"));
            break;
        }
        if (!send_all(fd, answer(fd, *line))) break;
    }
    std::lock_guard lock{mutex_};
    ::shutdown(fd, SHUT_RDWR);
    connection.over = true;
}

std::string ControlServer::answer(int fd, const std::string& line) {
    auto request = admin::parse_request(line);
    if (!request) return admin::answer_line(std::unexpected(request.error()));
    int last = -1;
    std::string last_what;
    auto progress = [&](std::string_view what, int percent) {
        if (percent == last && what == last_what) return;
        last = percent;
        last_what = what;
        // Who has gone does not stop what it began.
        send_all(fd, admin::progress_line({last_what, percent}));
    };
    admin::Result result;
    try {
        result = admin::run(context_, request->operation, request->arguments, progress);
    } catch (const std::exception& fault) {
        // Mostly no memory; the server goes on.
        result = std::unexpected(
            admin::Error{admin::Error::Kind::storage, std::string{"The operation failed: "} + fault.what()});
    }
    const admin::Operation* operation = admin::find_operation(request->operation);
    if (operation && operation->changes)
        log_.info({}, "Administration: {}{}{}{}", operation->name, subject(*operation, request->arguments),
                  result ? "" : ": failed: ", result ? "" : result.error().what);
    return admin::answer_line(result);
}

}  // namespace postrider::app
