#include "net/socket_stream.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <cerrno>

#include "net/tls.h"

namespace postrider::net {
namespace {

using Reason = SessionEnd::Reason;

/// Output of this size is kept by an idle stream; more is given back.
constexpr std::size_t idle_output = 256;
/// Input lines (or receives, which count more) served from the buffer before the thread's other sessions get
/// a turn.
constexpr std::uint32_t work_per_turn = 256;
constexpr std::uint32_t work_of_receive = 16;
/// Seconds for last words and close().
constexpr Wheel::Tick leave_taking = 5;

std::string error_text(int error) {
    return std::error_code{error, std::generic_category()}.message();
}

[[noreturn]] void throw_errno(const char* what, int error) {
    const bool gone = error == ECONNRESET || error == EPIPE;
    throw SessionEnd{gone ? Reason::closed : Reason::error, std::string{what} + ": " + error_text(error)};
}

bool would_block(int error) {
    return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

}  // namespace

void Stream::WakeHandle::wake() const {
    if (auto target = target_.lock()) target->wake();
}

void SocketStream::Remote::wake() {
    if (woken_.exchange(true)) return;
    asio::post(executor_, [self = shared_from_this()] {
        if (self->stream_ && self->stream_->waiting_ != Wait::none && self->stream_->wakeable_)
            self->stream_->descriptor_.cancel();
    });
}

void SocketStream::Remote::end(bool now) {
    asio::post(executor_, [self = shared_from_this(), now] {
        if (self->stream_) self->stream_->expire(Reason::shutdown, now);
    });
}

SocketStream::SocketStream(asio::io_context& context, int fd, Endpoint local, Endpoint peer)
    : remote_{std::make_shared<Remote>(*this, context.get_executor())},
      wheel_{Wheel::of(context)},
      descriptor_{context.get_executor(), fd},
      local_{std::move(local)},
      peer_{std::move(peer)} {
    boost::system::error_code ignored;
    descriptor_.native_non_blocking(true, ignored);
    const int on = 1;
    ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);  // fails on a Unix socket, rightly
}

SocketStream::~SocketStream() {
    remote_->stream_ = nullptr;
    wheel_.unhook(*this);
}

void SocketStream::endpoints(Endpoint local, Endpoint peer) {
    local_ = std::move(local);
    peer_ = std::move(peer);
}

// ---- how a session ends

void SocketStream::expire(Reason reason, bool now) {
    if (!ended_) reason_ = reason;
    ended_ = true;
    // A stop lets an answer that is under way get out; a peer that does not read in time is beyond hope.
    if (now || (waiting_ == Wait::write && reason == Reason::timeout)) broken_ = true;
    if (waiting_ == Wait::read || broken_) descriptor_.cancel();
}

void SocketStream::check_end() {
    if (ended_) throw_end();
}

void SocketStream::throw_end() {
    if (reason_ == Reason::timeout || reason_ == Reason::shutdown) {
        if (farewell_ && !broken_)
            say_farewell(reason_ == Reason::timeout ? farewell_->timeout : farewell_->shutdown);
        farewell_.reset();
    }
    switch (reason_) {
        case Reason::timeout: throw SessionEnd{reason_, "nothing heard in time"};
        case Reason::shutdown: throw SessionEnd{reason_, "the server stops"};
        default: throw SessionEnd{reason_, "the session has ended"};
    }
}

/// What the socket takes at once: nobody waits for a peer that is being left.
void SocketStream::say_farewell(const std::string& words) {
    if (words.empty()) return;
    out_.append(words);
    try {
        Wait need = Wait::none;
        while (!out_.empty() && need == Wait::none) out_.erase(0, transmit(out_, need));
        if (tls_ && out_.empty()) tls_->shutdown();
    } catch (const SessionEnd&) {
        broken_ = true;
    }
}

// ---- time

Wheel::Tick SocketStream::next_due(Wheel::Tick now) const {
    Wheel::Tick next = deadline_;
    if (idle_limit_ != 0) {
        const Wheel::Tick idle = (waiting_ == Wait::none ? now : waiting_since_) + idle_limit_ + 1;
        if (next == 0 || idle < next) next = idle;
    }
    return next;
}

Wheel::Tick SocketStream::due(Wheel::Tick now) {
    const bool over = (deadline_ != 0 && now >= deadline_)
                      || (idle_limit_ != 0 && waiting_ != Wait::none && now > waiting_since_ + idle_limit_);
    if (!over) return next_due(now);
    const bool final = ended_ || closing_;
    expire(Reason::timeout, final);
    if (final) return 0;
    idle_limit_ = 0;
    deadline_ = now + 1 + leave_taking;  // for what the session still says
    return deadline_;
}

void SocketStream::rehook() {
    const Wheel::Tick now = wheel_.now();
    if (const Wheel::Tick next = next_due(now); next != 0)
        wheel_.hook(*this, next);
    else
        wheel_.unhook(*this);
}

void SocketStream::idle_timeout(std::chrono::seconds limit) {
    idle_limit_ = static_cast<Wheel::Tick>(limit.count());
    rehook();
}

void SocketStream::deadline_after(std::chrono::seconds limit) {
    deadline_ = limit.count() == 0 ? 0 : wheel_.now() + static_cast<Wheel::Tick>(limit.count()) + 1;
    rehook();
}

// ---- waiting

void SocketStream::release_idle_memory() {
    if (in_.empty() && in_.capacity() != 0) in_.release();
    if (out_.empty() && out_.capacity() > idle_output) std::string{}.swap(out_);
}

Task<> SocketStream::wait(Wait what, bool wakeable) {
    if (what == Wait::read) check_end();
    if (broken_) throw_end();
    waiting_ = what;
    wakeable_ = wakeable;
    waiting_since_ = wheel_.now();
    work_ = 0;
    const auto kind = what == Wait::read ? asio::posix::descriptor_base::wait_read
                                         : asio::posix::descriptor_base::wait_write;
    boost::system::error_code error;
    co_await descriptor_.async_wait(kind, asio::redirect_error(use_task, error));
    waiting_ = Wait::none;
    wakeable_ = false;
    if (what == Wait::read) check_end();
    if (broken_) throw_end();
    if (error && error != asio::error::operation_aborted) throw SessionEnd{Reason::error, error.message()};
}

/// One busy client that pipelines must not keep the thread from the others.
Task<> SocketStream::breathe() {
    work_ = 0;
    co_await asio::post(remote_->executor_, use_task);
    check_end();
}

// ---- reading

void SocketStream::consume(std::size_t count) {
    in_.consume(count);
    lines_ = {};
}

/// At most `limit` octets in the buffer afterwards. 0 when there is nothing to be had now (`need` says what
/// to wait for). Throws when the peer has closed.
std::size_t SocketStream::receive(std::size_t limit, Wait& need) {
    const std::size_t allowed = limit - in_.size();
    const std::size_t room = in_.room();
    const bool direct = room >= 4096 || room >= allowed;
    char* into = direct ? in_.tail() : wheel_.scratch();
    const std::size_t most = std::min(allowed, direct ? room : Wheel::scratch_size);
    std::size_t count = 0;
    if (tls_) {
        TlsSession::Need tls_need{};
        count = tls_->read(into, most, tls_need);
        if (count == 0) {
            need = tls_need == TlsSession::Need::write ? Wait::write : Wait::read;
            return 0;
        }
    } else {
        const ssize_t got = ::recv(descriptor_.native_handle(), into, most, 0);
        if (got == 0) throw SessionEnd{Reason::closed, "the peer closed the connection"};
        if (got < 0) {
            if (!would_block(errno)) throw_errno("receive", errno);
            need = Wait::read;
            return 0;
        }
        count = static_cast<std::size_t>(got);
    }
    if (direct)
        in_.grown(count);
    else
        in_.append(into, count);
    return count;
}

/// Receives once; waits first if nothing is there. Returns without octets only when woken by expiry or
/// wake().
Task<> SocketStream::more(std::size_t limit) {
    if (in_.size() >= limit) throw SessionEnd{Reason::error, "the input buffer is full"};
    check_end();
    work_ += work_of_receive;
    if (work_ >= work_per_turn) co_await breathe();
    while (true) {
        Wait need = Wait::none;
        if (receive(limit, need) != 0) co_return;
        release_idle_memory();
        co_await wait(need, false);
    }
}

Task<Stream::Filled> SocketStream::fill(std::size_t limit) {
    if (in_.size() >= limit) throw SessionEnd{Reason::error, "the input buffer is full"};
    check_end();
    work_ += work_of_receive;
    if (work_ >= work_per_turn) co_await breathe();
    while (true) {
        if (remote_->woken_.load(std::memory_order_relaxed) && remote_->woken_.exchange(false))
            co_return Filled::woken;
        Wait need = Wait::none;
        if (receive(limit, need) != 0) co_return Filled::data;
        release_idle_memory();
        co_await wait(need, true);
    }
}

Task<Line> SocketStream::read_line(std::size_t limit) {
    if (++work_ >= work_per_turn) co_await breathe();
    // Enough for many pipelined commands; what a client may make us hold before it has logged in stays small.
    const std::size_t most = std::max<std::size_t>(limit + 2, 16 * 1024);
    while (true) {
        std::size_t used = 0;
        const std::optional<Line> line = lines_.scan(in_.view(), limit, used);
        in_.consume(used);
        if (line) co_return *line;
        co_await more(most);
    }
}

Task<> SocketStream::read_exactly(std::string& into, std::size_t count) {
    lines_ = {};
    if (into.capacity() - into.size() < count && count <= 64 * 1024) into.reserve(into.size() + count);
    while (true) {
        const std::string_view there = in_.view().substr(0, count);
        into.append(there);
        in_.consume(there.size());
        count -= there.size();
        if (count == 0) co_return;
        co_await more(64 * 1024);
    }
}

Task<> SocketStream::skip(std::uint64_t count) {
    lines_ = {};
    while (true) {
        const std::size_t there = std::min<std::uint64_t>(in_.size(), count);
        in_.consume(there);
        count -= there;
        if (count == 0) co_return;
        co_await more(64 * 1024);
    }
}

// ---- writing

/// How many octets went out; 0 with a need.
std::size_t SocketStream::transmit(std::string_view octets, Wait& need) {
    if (tls_) {
        TlsSession::Need tls_need{};
        const std::size_t sent = tls_->write(octets, tls_need);
        if (sent == 0) need = tls_need == TlsSession::Need::read ? Wait::read : Wait::write;
        return sent;
    }
    const ssize_t sent = ::send(descriptor_.native_handle(), octets.data(), octets.size(), MSG_NOSIGNAL);
    if (sent >= 0) return static_cast<std::size_t>(sent);
    if (!would_block(errno)) throw_errno("send", errno);
    need = Wait::write;
    return 0;
}

Task<> SocketStream::transmit_all(std::string_view octets) {
    if (broken_) throw_end();
    while (!octets.empty()) {
        Wait need = Wait::none;
        const std::size_t sent = transmit(octets, need);
        octets.remove_prefix(sent);
        if (sent == 0) co_await wait(need, false);
    }
}

Task<> SocketStream::flush() {
    if (out_.empty()) co_return;
    co_await transmit_all(out_);
    out_.clear();
    if (out_.capacity() > 16 * 1024) std::string{}.swap(out_);
}

Task<> SocketStream::flush_if_large(std::size_t threshold) {
    if (out_.size() >= threshold) co_await flush();
}

Task<> SocketStream::write(std::string_view octets) {
    constexpr std::size_t worth_no_copy = 8 * 1024;
    if (octets.size() < worth_no_copy || tls_) {
        // TLS copies anyway when it encrypts; small pieces share a record with what waits.
        if (octets.size() < worth_no_copy) {
            out_.append(octets);
            co_await flush();
            co_return;
        }
        co_await flush();
        co_await transmit_all(octets);
        co_return;
    }
    if (broken_) throw_end();
    while (!out_.empty()) {
        iovec pieces[2] = {{out_.data(), out_.size()}, {const_cast<char*>(octets.data()), octets.size()}};
        msghdr message{};
        message.msg_iov = pieces;
        message.msg_iovlen = 2;
        const ssize_t sent = ::sendmsg(descriptor_.native_handle(), &message, MSG_NOSIGNAL);
        if (sent < 0) {
            if (!would_block(errno)) throw_errno("send", errno);
            co_await wait(Wait::write, false);
            continue;
        }
        const std::size_t head = std::min<std::size_t>(out_.size(), static_cast<std::size_t>(sent));
        out_.erase(0, head);
        octets.remove_prefix(static_cast<std::size_t>(sent) - head);
    }
    co_await transmit_all(octets);
}

// ---- TLS

Task<> SocketStream::handshake(std::chrono::seconds limit) {
    const Wheel::Tick outer = deadline_;
    deadline_after(limit);
    if (outer != 0 && (deadline_ == 0 || outer < deadline_)) deadline_ = outer;
    rehook();
    while (true) {
        const TlsSession::Need need = tls_->handshake();
        if (need == TlsSession::Need::nothing) break;
        const Wait what = need == TlsSession::Need::read ? Wait::read : Wait::write;
        co_await wait(what, false);
    }
    deadline_ = outer;
    rehook();
}

Task<std::size_t> SocketStream::start_tls(std::shared_ptr<const TlsContext> context) {
    if (tls_) throw SessionEnd{Reason::tls, "TLS inside TLS"};
    co_await flush();
    const std::size_t dropped = in_.size();
    in_.release();
    lines_ = {};
    if (!context) throw SessionEnd{Reason::tls, "no TLS parameters on this listener"};
    tls_ = TlsSession::server(*context, descriptor_.native_handle());
    co_await handshake(context->handshake_timeout());
    co_return dropped;
}

Task<> SocketStream::start_tls_client(std::shared_ptr<const TlsContext> context, TlsPeer peer) {
    if (tls_) throw SessionEnd{Reason::tls, "TLS inside TLS"};
    if (!context) throw SessionEnd{Reason::tls, "no TLS parameters"};
    co_await flush();
    in_.release();
    lines_ = {};
    tls_ = TlsSession::client(*context, descriptor_.native_handle(), peer);
    co_await handshake(context->handshake_timeout());
}

// ---- the end

/// Leaves the last words with the kernel until what follows, so that they and the end of the stream go out
/// as one packet.
Task<> SocketStream::flush_last() {
    if (!tls_ && !broken_ && !out_.empty()) {
        const ssize_t sent =
            ::send(descriptor_.native_handle(), out_.data(), out_.size(), MSG_NOSIGNAL | MSG_MORE);
        if (sent > 0) out_.erase(0, static_cast<std::size_t>(sent));
    }
    co_await flush();
}

Task<> SocketStream::close() {
    if (closing_) co_return;
    closing_ = true;
    farewell_.reset();
    idle_limit_ = 0;
    deadline_after(std::chrono::seconds{leave_taking});
    bool unread = !in_.empty();
    try {
        if (!broken_) co_await flush_last();
        if (tls_) tls_->shutdown();
        // Octets that arrive after close() make the kernel answer with a reset, which can destroy what the
        // peer has not read yet. A client that still talks is heard out for a moment.
        ended_ = false;
        for (std::size_t heard = 0; !broken_ && heard < 256 * 1024;) {
            const ssize_t got =
                ::recv(descriptor_.native_handle(), wheel_.scratch(), Wheel::scratch_size, MSG_DONTWAIT);
            if (got == 0) break;
            if (got < 0 && !would_block(errno)) break;
            if (got < 0) {
                if (!unread) break;  // what is closed says so itself, in one packet with the last words
                ::shutdown(descriptor_.native_handle(), SHUT_WR);
                deadline_after(std::chrono::seconds{1});
                co_await wait(Wait::read, false);
                continue;
            }
            unread = true;
            heard += static_cast<std::size_t>(got);
        }
    } catch (const SessionEnd&) {
        // It is leaving anyway.
    }
    ended_ = broken_ = true;
    reason_ = Reason::closed;
    out_.clear();
    wheel_.unhook(*this);
    boost::system::error_code ignored;
    descriptor_.close(ignored);
}

}  // namespace postrider::net
