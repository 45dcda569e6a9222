#include "net/listener.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <atomic>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/steady_timer.hpp>
#include <cerrno>
#include <condition_variable>
#include <list>
#include <mutex>
#include <vector>

#include "net/accept_proxy.h"
#include "net/socket_address.h"
#include "net/socket_stream.h"
#include "net/unique_fd.h"

namespace postrider::net {
namespace {

using Severity = ListenerOptions::Severity;
using Options = std::shared_ptr<const ListenerOptions>;

std::string error_text(int error) {
    return std::error_code{error, std::generic_category()}.message();
}

UniqueFd open_spare() {
    return UniqueFd{::open("/dev/null", O_RDONLY | O_CLOEXEC)};
}

/// What the peer's receive buffer takes at once; it is not worth waiting for.
void refuse(int fd, const ListenerOptions& options) {
    if (options.refuse.empty() || options.implicit_tls) return;
    [[maybe_unused]] const auto sent =
        ::send(fd, options.refuse.data(), options.refuse.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    ::shutdown(fd, SHUT_WR);
    char ignored[512];  // unread octets would turn the close into a reset
    [[maybe_unused]] const auto got = ::recv(fd, ignored, sizeof ignored, MSG_DONTWAIT);
}

}  // namespace

/// Shared by the listener and its sessions, which may outlive it for a moment.
struct Listener::State : std::enable_shared_from_this<Listener::State> {
    State(IoPool& io, UniqueFd listening, ListenerOptions given)
        : pool{io},
          context{io.next()},
          local{local_endpoint(listening.get())},
          socket{context.get_executor(), listening.release()},
          options{std::make_shared<const ListenerOptions>(std::move(given))},
          lanes(io.size()) {}

    IoPool& pool;
    asio::io_context& context;  ///< accepts here
    Endpoint local;
    asio::posix::basic_stream_descriptor<Executor> socket;  ///< used on that thread only
    UniqueFd spare = open_spare();
    std::chrono::steady_clock::time_point last_complaint{};

    mutable std::mutex mutex;
    std::condition_variable changed;
    Options options;
    std::list<std::weak_ptr<SocketStream::Remote>> sessions;
    bool started = false;
    bool accepting = false;  ///< the accept loop runs
    bool stopping = false;

    std::vector<std::atomic<std::uint32_t>> lanes;  ///< sessions on each I/O thread
    std::atomic<std::uint64_t> accepted = 0;
    std::atomic<std::uint64_t> refused = 0;
    std::atomic<std::uint64_t> failed = 0;

    Options current() const {
        std::lock_guard lock{mutex};
        return options;
    }
    void log(const ListenerOptions& with, Severity severity, const std::string& text) const {
        if (with.log) with.log(severity, fmt::format("{}: {}", local.text(), text));
    }
    unsigned quietest_lane() {
        unsigned best = 0;
        for (unsigned i = 1; i < lanes.size(); ++i)
            if (lanes[i].load(std::memory_order_relaxed) < lanes[best].load(std::memory_order_relaxed))
                best = i;
        return best;
    }

    Task<> accept_loop();
    bool accept_some();
    void begin(UniqueFd fd, const Endpoint& peer, const Options& with);
    void turn_away_without_descriptor(const ListenerOptions& with, int error);
};

namespace {

/// Keeps a session countable and reachable for stop().
template <class State>
class Registration {
public:
    Registration(std::shared_ptr<State> state, unsigned lane) : state_{std::move(state)}, lane_{lane} {
        std::lock_guard lock{state_->mutex};
        place_ = state_->sessions.emplace(state_->sessions.end());
    }
    /// False when the listener is stopping already.
    bool reachable(const std::shared_ptr<SocketStream::Remote>& remote) {
        std::lock_guard lock{state_->mutex};
        *place_ = remote;
        return !state_->stopping;
    }
    Registration(Registration&& other) noexcept = default;
    ~Registration() {
        if (!state_) return;
        state_->lanes[lane_].fetch_sub(1, std::memory_order_relaxed);
        std::lock_guard lock{state_->mutex};
        state_->sessions.erase(place_);
        if (state_->sessions.empty()) state_->changed.notify_all();
    }
    State& state() const { return *state_; }

private:
    std::shared_ptr<State> state_;
    unsigned lane_;
    std::list<std::weak_ptr<SocketStream::Remote>>::iterator place_;
};

/// PROXY header and TLS, before the service sees the connection. False: there will be no session.
template <class State>
Task<bool> prepare(SocketStream& stream, State& state, Options options, ListenerOptions::Ticket& ticket) {
    if (options->proxy.enabled()) {
        if (options->proxy.trusted(stream.peer().ip)) co_await accept_proxy_header(stream, options->proxy);
        if (options->admit) {
            auto admitted = options->admit(stream.peer());
            if (!admitted) {
                ++state.refused;
                state.log(*options, Severity::info, stream.peer().text() + " refused: " + admitted.error());
                refuse(stream.fd(), *options);
                co_return false;
            }
            ticket = std::move(*admitted);
        }
    }
    if (options->implicit_tls) co_await stream.start_tls(options->tls);
    co_return true;
}

template <class State>
Task<> run_session(Registration<State> registration, asio::io_context& context, UniqueFd fd, Endpoint peer,
                   ListenerOptions::Ticket ticket, Options options) {
    State& state = registration.state();
    std::string failure;
    Severity severity = Severity::error;
    Endpoint who = peer;
    bool began = false;
    try {
        Endpoint local = local_endpoint(fd.get());
        auto stream =
            std::make_unique<SocketStream>(context, fd.release(), std::move(local), std::move(peer));
        stream->farewell(options->farewell);
        if (options->idle_timeout.count() != 0) stream->idle_timeout(options->idle_timeout);
        if (!registration.reachable(stream->remote())) stream->remote()->end(false);
        const bool ready = co_await prepare(*stream, state, options, ticket);
        who = stream->peer();
        if (ready) {
            began = true;
            ++state.accepted;
            std::unique_ptr<Stream> handed = std::move(stream);
            Task<> session = options->handler(std::move(handed));
            co_await std::move(session);
        }
    } catch (const SessionEnd& end) {
        severity = began ? Severity::debug : Severity::info;
        failure = end.what();
        if (!began) ++state.failed;
    } catch (const std::exception& error) {
        failure = std::string{"session failed: "} + error.what();
    }
    if (!failure.empty()) state.log(*options, severity, who.text() + ": " + failure);
}

}  // namespace

// ---- accepting

void Listener::State::begin(UniqueFd fd, const Endpoint& peer, const Options& with) {
    ListenerOptions::Ticket ticket;
    if (with->admit && !with->proxy.enabled()) {
        auto admitted = with->admit(peer);
        if (!admitted) {
            ++refused;
            log(*with, Severity::info, peer.text() + " refused: " + admitted.error());
            refuse(fd.get(), *with);
            return;
        }
        ticket = std::move(*admitted);
    }
    const unsigned lane = quietest_lane();
    lanes[lane].fetch_add(1, std::memory_order_relaxed);
    asio::io_context& home = pool.at(lane);
    Registration<State> registration{shared_from_this(), lane};
    Task<> session = run_session(std::move(registration), home, std::move(fd), peer, std::move(ticket), with);
    asio::co_spawn(home, std::move(session), asio::detached);
}

/// Out of descriptors: the waiting connection would make the socket readable for ever. The spare descriptor
/// lets us take it, say why, and close it.
void Listener::State::turn_away_without_descriptor(const ListenerOptions& with, int error) {
    ++failed;
    const auto now = std::chrono::steady_clock::now();
    if (now - last_complaint > std::chrono::seconds{10}) {
        last_complaint = now;
        log(with, Severity::error, "cannot accept: " + error_text(error));
    }
    spare.reset();
    if (UniqueFd fd{::accept4(socket.native_handle(), nullptr, nullptr, SOCK_CLOEXEC | SOCK_NONBLOCK)}; fd)
        refuse(fd.get(), with);
    spare = open_spare();
}

/// Takes what waits, up to a batch, so that the thread's sessions get their turn. False: better wait a
/// moment.
bool Listener::State::accept_some() {
    const Options with = current();
    for (int i = 0; i < 64; ++i) {
        SocketAddress address;
        address.size = sizeof address.storage;
        UniqueFd fd{
            ::accept4(socket.native_handle(), address.get(), &address.size, SOCK_CLOEXEC | SOCK_NONBLOCK)};
        if (fd) {
            begin(std::move(fd), to_endpoint(address.get()), with);
            continue;
        }
        switch (errno) {
            case EAGAIN: return true;
            case EMFILE:
            case ENFILE:
                if (!spare && !(spare = open_spare())) return false;
                turn_away_without_descriptor(*with, errno);
                break;
            case ENOBUFS:
            case ENOMEM: log(*with, Severity::error, "cannot accept: " + error_text(errno)); return false;
            default: break;  // the connection was gone before it was accepted; see accept(2)
        }
    }
    return true;
}

Task<> Listener::State::accept_loop() {
    const auto self = shared_from_this();
    boost::system::error_code error;
    while (true) {
        co_await socket.async_wait(asio::posix::descriptor_base::wait_read,
                                   asio::redirect_error(use_task, error));
        if (error || !socket.is_open()) break;
        if (accept_some()) continue;
        asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>,
                                   Executor>
            pause{context.get_executor()};
        pause.expires_after(std::chrono::milliseconds{200});
        co_await pause.async_wait(asio::redirect_error(use_task, error));
    }
    std::lock_guard lock{mutex};
    accepting = false;
    changed.notify_all();
}

// ---- the listener

std::expected<std::unique_ptr<Listener>, std::string> Listener::adopt(IoPool& pool, int fd,
                                                                      ListenerOptions options) {
    UniqueFd socket{fd};
    const int flags = ::fcntl(fd, F_GETFL);
    if (flags < 0 || ::fcntl(fd, F_SETFL, flags | O_NONBLOCK) < 0)
        return std::unexpected("cannot use the socket handed over: " + error_text(errno));
    return std::unique_ptr<Listener>{
        new Listener{std::make_shared<State>(pool, std::move(socket), std::move(options))}};
}

std::expected<int, std::string> listening_socket(const Endpoint& at) {
    const auto address = to_socket_address(at);
    if (!address) return std::unexpected(fmt::format("{} is not an address to listen on", at.text()));
    const auto failed = [&](const char* what) {
        return std::unexpected(fmt::format("cannot {} {}: {}", what, at.text(), error_text(errno)));
    };
    const int family = address->get()->sa_family;
    UniqueFd socket{::socket(family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
    if (!socket) return failed("open a socket for");
    const int on = 1;
    ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    // Inherited by what is accepted: a peer that vanished does not hold an idle session without a time limit
    // for ever.
    ::setsockopt(socket.get(), SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    // So that 0.0.0.0:25 and [::]:25 can stand side by side, whatever the system's default is.
    if (family == AF_INET6) ::setsockopt(socket.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
    if (::bind(socket.get(), address->get(), address->size) != 0) return failed("bind");
    if (::listen(socket.get(), 4096) != 0) return failed("listen on");
    return socket.release();
}

std::expected<std::unique_ptr<Listener>, std::string> Listener::open(IoPool& pool, ListenerOptions options) {
    auto socket = listening_socket(options.address);
    if (!socket) return std::unexpected(socket.error());
    return adopt(pool, *socket, std::move(options));
}

Listener::~Listener() {
    stop(std::chrono::milliseconds{0});
}

void Listener::start() {
    {
        std::lock_guard lock{state_->mutex};
        if (state_->started) return;
        state_->started = state_->accepting = true;
    }
    asio::co_spawn(state_->context, state_->accept_loop(), asio::detached);
}

void Listener::reload(ListenerOptions options) {
    auto fresh = std::make_shared<const ListenerOptions>(std::move(options));
    std::lock_guard lock{state_->mutex};
    state_->options = std::move(fresh);
}

void Listener::stop_accepting() {
    std::unique_lock lock{state_->mutex};
    if (!state_->started) return;
    if (state_->accepting)
        asio::post(state_->context, [state = state_] {
            boost::system::error_code ignored;
            state->socket.close(ignored);
        });
    state_->changed.wait_for(lock, std::chrono::seconds{10},
                             [&] { return !state_->accepting || state_->context.stopped(); });
}

void Listener::stop(std::chrono::milliseconds grace) {
    stop_accepting();
    const auto end_all = [&](bool now) {
        for (const auto& weak : state_->sessions)
            if (const auto remote = weak.lock()) remote->end(now);
    };
    std::unique_lock lock{state_->mutex};
    const auto gone = [&] { return state_->sessions.empty() || state_->context.stopped(); };
    state_->stopping = true;
    if (grace.count() > 0) {
        end_all(false);
        state_->changed.wait_for(lock, grace, gone);
    }
    end_all(true);
    state_->changed.wait_for(lock, std::chrono::seconds{10}, gone);  // a session may be in a worker's hands
}

const Endpoint& Listener::local() const {
    return state_->local;
}
int Listener::fd() const {
    return state_->socket.is_open() ? state_->socket.native_handle() : -1;
}

std::size_t Listener::sessions() const {
    std::lock_guard lock{state_->mutex};
    return state_->sessions.size();
}

Listener::Totals Listener::totals() const {
    return {state_->accepted, state_->refused, state_->failed};
}

}  // namespace postrider::net
