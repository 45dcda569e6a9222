#pragma once

#include <atomic>
#include <boost/asio/posix/basic_stream_descriptor.hpp>

#include "net/input_buffer.h"
#include "net/line_scanner.h"
#include "net/stream.h"
#include "net/tls_session.h"
#include "net/wake_target.h"
#include "net/wheel.h"

namespace postrider::net {

/// The Stream over a connected socket.
class SocketStream final : public Stream, private Wheel::Entry {
public:
    /// What other threads may do to a stream. Outlives it.
    class Remote final : public WakeHandle::Target, public std::enable_shared_from_this<Remote> {
    public:
        Remote(SocketStream& stream, Executor executor) : stream_{&stream}, executor_{std::move(executor)} {}
        void wake() override;
        /// Ends the session: at once (`now`), or when it next waits for input, after its farewell.
        void end(bool now);

    private:
        friend class SocketStream;
        SocketStream* stream_;  ///< used on its thread only; nullptr when it is gone
        Executor executor_;
        std::atomic<bool> woken_ = false;
    };

    /// Takes a connected socket and closes it in the end. To be called on the thread of `context`.
    SocketStream(asio::io_context& context, int fd, Endpoint local, Endpoint peer);
    ~SocketStream() override;

    std::string_view buffered() const override { return in_.view(); }
    void consume(std::size_t count) override;
    Task<Filled> fill(std::size_t limit) override;
    Task<Line> read_line(std::size_t limit) override;
    Task<> read_exactly(std::string& into, std::size_t count) override;
    Task<> skip(std::uint64_t count) override;
    void wake() override { remote_->wake(); }
    WakeHandle wake_handle() override { return WakeHandle{remote_}; }

    void send(std::string_view octets) override { out_.append(octets); }
    std::size_t unsent() const override { return out_.size(); }
    Task<> flush() override;
    Task<> flush_if_large(std::size_t threshold) override;
    Task<> write(std::string_view octets) override;

    void idle_timeout(std::chrono::seconds limit) override;
    void deadline_after(std::chrono::seconds limit) override;
    void farewell(std::shared_ptr<const Farewell> words) override { farewell_ = std::move(words); }

    Task<std::size_t> start_tls(std::shared_ptr<const TlsContext> context) override;
    Task<> start_tls_client(std::shared_ptr<const TlsContext> context, TlsPeer peer) override;
    bool secure() const override { return tls_ != nullptr; }
    const TlsInfo* tls() const override { return tls_ ? &tls_->info() : nullptr; }

    const Endpoint& local() const override { return local_; }
    const Endpoint& peer() const override { return peer_; }
    Executor executor() const override { return remote_->executor_; }
    Task<> close() override;

    // ---- for the listener and for connect()

    std::shared_ptr<Remote> remote() const { return remote_; }
    void endpoints(Endpoint local, Endpoint peer);
    /// Waits until the socket can be read, or (for connect) written.
    Task<> ready_to_read() { return wait(Wait::read, false); }
    Task<> ready_to_write() { return wait(Wait::write, false); }
    int fd() { return descriptor_.native_handle(); }

private:
    enum class Wait : std::uint8_t { none, read, write };

    Task<> wait(Wait what, bool wakeable);
    Task<> more(std::size_t limit);
    Task<> breathe();
    std::size_t receive(std::size_t limit, Wait& need);
    std::size_t transmit(std::string_view octets, Wait& need);
    Task<> transmit_all(std::string_view octets);
    Task<> flush_last();
    Task<> handshake(std::chrono::seconds limit);
    void release_idle_memory();
    void check_end();
    [[noreturn]] void throw_end();
    void say_farewell(const std::string& words);
    void rehook();
    Wheel::Tick due(Wheel::Tick now) override;
    Wheel::Tick next_due(Wheel::Tick now) const;
    void expire(SessionEnd::Reason reason, bool now);

    std::shared_ptr<Remote> remote_;
    Wheel& wheel_;
    asio::posix::basic_stream_descriptor<Executor> descriptor_;
    std::unique_ptr<TlsSession> tls_;
    std::shared_ptr<const Farewell> farewell_;
    InputBuffer in_;
    LineScanner lines_;
    std::string out_;
    Endpoint local_;
    Endpoint peer_;

    Wheel::Tick idle_limit_ = 0;
    Wheel::Tick deadline_ = 0;
    Wheel::Tick waiting_since_ = 0;
    Wait waiting_ = Wait::none;
    bool wakeable_ = false;
    bool ended_ = false;   ///< reads throw
    bool broken_ = false;  ///< writes throw too
    bool closing_ = false;
    SessionEnd::Reason reason_ = SessionEnd::Reason::closed;
    std::uint32_t work_ = 0;  ///< done since the last wait; see breathe()
};

}  // namespace postrider::net
