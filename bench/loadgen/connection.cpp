#include "connection.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/uio.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

namespace postrider::bench {

namespace {

constexpr std::size_t read_size = 256 * 1024;

}  // namespace

Loop::Loop() : epoll_{epoll_create1(EPOLL_CLOEXEC)}, now_{Clock::now()}, buffer_{new char[read_size]} {
    if (epoll_ < 0) throw std::system_error{errno, std::generic_category(), "epoll_create1"};
}

Loop::~Loop() {
    if (tls_) SSL_CTX_free(tls_);
    ::close(epoll_);
}

ssl_ctx_st* Loop::tls() {
    if (!tls_) {
        tls_ = SSL_CTX_new(TLS_client_method());
        SSL_CTX_set_session_cache_mode(tls_, SSL_SESS_CACHE_OFF);
        SSL_CTX_set_options(tls_, SSL_OP_NO_TICKET | SSL_OP_IGNORE_UNEXPECTED_EOF);
        SSL_CTX_set_mode(tls_, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE
                                   | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
        SSL_CTX_set_verify(tls_, SSL_VERIFY_NONE, nullptr);  // the benchmark's certificate is self-signed
    }
    return tls_;
}

void Loop::run(const std::function<bool()>& done) {
    run(done, [](Clock::time_point) -> std::optional<Clock::time_point> { return std::nullopt; });
}

void Loop::run(const std::function<bool()>& done,
               const std::function<std::optional<Clock::time_point>(Clock::time_point)>& tick) {
    epoll_event events[256];
    now_ = Clock::now();
    while (true) {
        auto next = tick(now_);
        if (done()) return;
        timespec wait{1, 0};
        if (next) {
            auto left = std::chrono::duration_cast<std::chrono::nanoseconds>(*next - Clock::now()).count();
            if (left < 0) left = 0;
            if (left < 1'000'000'000) wait = {0, left};
        }
        int n = epoll_pwait2(epoll_, events, 256, &wait, nullptr);
        if (n < 0 && errno != EINTR) throw std::system_error{errno, std::generic_category(), "epoll_pwait2"};
        now_ = Clock::now();
        for (int i = 0; i < n; ++i) static_cast<Connection*>(events[i].data.ptr)->handle(events[i].events);
    }
}

Connection::~Connection() {
    close();
}

void Connection::open(std::uint16_t port, bool tls) {
    close();
    fd_ = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd_ < 0) throw std::system_error{errno, std::generic_category(), "socket"};
    int one = 1;
    setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    connecting_ = false;
    if (::connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address) != 0) {
        if (errno != EINPROGRESS) throw std::system_error{errno, std::generic_category(), "connect"};
        connecting_ = true;
    }
    handshaking_ = tls;
    if (tls) {
        ssl_ = SSL_new(loop_.tls());
        SSL_set_fd(ssl_, fd_);
        SSL_set_connect_state(ssl_);
    }
    watched_ = EPOLLIN | (connecting_ || tls ? EPOLLOUT : 0u);
    epoll_event event{watched_, {.ptr = this}};
    if (epoll_ctl(loop_.epoll_, EPOLL_CTL_ADD, fd_, &event) != 0)
        throw std::system_error{errno, std::generic_category(), "epoll_ctl"};
}

void Connection::close() {
    if (fd_ < 0) return;
    ++generation_;
    if (ssl_) {
        if (!handshaking_) SSL_shutdown(ssl_);
        SSL_free(ssl_);
        ssl_ = nullptr;
        ERR_clear_error();
    }
    ::close(fd_);
    fd_ = -1;
    input_.clear();
    output_.clear();
}

void Connection::lose(std::string_view why) {
    close();
    on_lost(why);
}

void Connection::watch(std::uint32_t events) {
    if (events == watched_) return;
    watched_ = events;
    epoll_event event{events, {.ptr = this}};
    epoll_ctl(loop_.epoll_, EPOLL_CTL_MOD, fd_, &event);
}

std::ptrdiff_t Connection::put(std::string_view first, std::string_view second) {
    if (ssl_) {
        std::size_t sent = 0;
        for (auto piece : {first, second}) {
            while (!piece.empty()) {
                int n = SSL_write(ssl_, piece.data(),
                                  static_cast<int>(std::min<std::size_t>(piece.size(), 1 << 30)));
                if (n <= 0) {
                    int error = SSL_get_error(ssl_, n);
                    bool wait = error == SSL_ERROR_WANT_WRITE || error == SSL_ERROR_WANT_READ;
                    return wait ? static_cast<std::ptrdiff_t>(sent) : -1;
                }
                sent += static_cast<std::size_t>(n);
                piece.remove_prefix(static_cast<std::size_t>(n));
            }
        }
        return static_cast<std::ptrdiff_t>(sent);
    }
    iovec pieces[2] = {{const_cast<char*>(first.data()), first.size()},
                       {const_cast<char*>(second.data()), second.size()}};
    msghdr message{};
    message.msg_iov = pieces;
    message.msg_iovlen = second.empty() ? 1 : 2;
    auto n = ::sendmsg(fd_, &message, MSG_NOSIGNAL);
    if (n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK)) return 0;
    return n;
}

void Connection::send(std::string_view first, std::string_view second) {
    if (fd_ < 0) return;
    std::size_t sent = 0;
    if (output_.empty() && !connecting_ && !handshaking_) {
        auto n = put(first, second);
        // A failed write is noticed by the read that follows: the server may have said why before it hung up.
        if (n < 0) return;
        sent = static_cast<std::size_t>(n);
        if (sent == first.size() + second.size()) return;
    }
    if (sent < first.size()) output_.append(first.substr(sent));
    output_.append(second.substr(sent > first.size() ? sent - first.size() : 0));
    watch(EPOLLIN | EPOLLOUT);
}

void Connection::flush() {
    auto n = put(output_, {});
    if (n < 0) return;
    output_.erase(0, static_cast<std::size_t>(n));
    if (output_.empty()) watch(EPOLLIN);
}

bool Connection::handshake() {
    int n = SSL_do_handshake(ssl_);
    if (n == 1) {
        handshaking_ = false;
        watch(EPOLLIN | (output_.empty() ? 0u : EPOLLOUT));
        return true;
    }
    int error = SSL_get_error(ssl_, n);
    if (error == SSL_ERROR_WANT_READ) {
        watch(EPOLLIN);
    } else if (error == SSL_ERROR_WANT_WRITE) {
        watch(EPOLLIN | EPOLLOUT);
    } else {
        ERR_clear_error();
        lose("TLS handshake failed");
    }
    return false;
}

void Connection::handle(std::uint32_t events) {
    if (fd_ < 0) return;
    auto generation = generation_;
    if (connecting_) {
        int error = 0;
        socklen_t size = sizeof error;
        getsockopt(fd_, SOL_SOCKET, SO_ERROR, &error, &size);
        if (error != 0) return lose(std::strerror(error));
        connecting_ = false;
        if (!handshaking_) watch(EPOLLIN | (output_.empty() ? 0u : EPOLLOUT));
    }
    if (handshaking_ && !handshake()) return;
    if ((events & EPOLLOUT) && !output_.empty()) flush();
    if (generation == generation_ && (events & (EPOLLIN | EPOLLHUP | EPOLLERR))) read_some();
}

void Connection::read_some() {
    auto generation = generation_;
    do {
        std::ptrdiff_t n = 0;
        if (ssl_) {
            n = SSL_read(ssl_, loop_.buffer_.get(), static_cast<int>(read_size));
            if (n <= 0) {
                int error = SSL_get_error(ssl_, static_cast<int>(n));
                if (error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE) return;
                ERR_clear_error();
                return lose("closed by the server");
            }
        } else {
            n = ::read(fd_, loop_.buffer_.get(), read_size);
            if (n < 0 && (errno == EAGAIN || errno == EINTR)) return;
            if (n <= 0) return lose(n == 0 ? "closed by the server" : std::strerror(errno));
        }
        std::string_view fresh{loop_.buffer_.get(), static_cast<std::size_t>(n)};
        if (input_.empty()) {
            auto used = on_data(fresh);
            if (generation == generation_ && used < fresh.size()) input_.assign(fresh.substr(used));
        } else {
            // Moved out for the call: on_data() may close the connection, which empties input_.
            std::string whole = std::move(input_);
            input_.clear();
            whole.append(fresh);
            auto used = on_data(whole);
            if (generation == generation_) {
                whole.erase(0, used);
                input_ = std::move(whole);
            }
        }
    } while (generation == generation_ && ssl_ && SSL_pending(ssl_) > 0);
}

std::optional<std::string_view> take_line(std::string_view& input) {
    auto end = input.find('\n');
    if (end == std::string_view::npos) return std::nullopt;
    auto line = input.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    input.remove_prefix(end + 1);
    return line;
}

}  // namespace postrider::bench
