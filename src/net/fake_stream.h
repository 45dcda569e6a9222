#pragma once

#include <deque>
#include <functional>

#include "net/line_scanner.h"
#include "net/stream.h"

namespace postrider::net {

/// A Stream over a script, for session tests without sockets. Events happen in order, each when the session
/// waits for input; when the script is empty, on_idle may add to it, and otherwise the peer closes. Nothing
/// ever suspends, so that run_task() runs a whole session at once.
class FakeStream final : public Stream {
public:
    // ---- the script
    FakeStream& feed(std::string octets);            ///< arrives as one piece
    FakeStream& feed_each(std::string_view octets);  ///< one octet at a time
    FakeStream& end(SessionEnd::Reason reason);      ///< the wait ends so (closed, timeout, shutdown ...)
    FakeStream& wake_next();                         ///< a wake() from elsewhere
    /// Called when the script is empty; true if it has added something.
    std::function<bool(FakeStream&)> on_idle;
    /// Makes flush() and write() throw once this much has been sent.
    std::uint64_t output_limit = UINT64_MAX;

    // ---- what the session did
    const std::string& output() const { return sent_; }  ///< all that was flushed, farewells included
    std::string take_output() { return std::move(sent_); }
    bool closed() const { return closed_; }
    std::chrono::seconds idle_limit{0};
    std::chrono::seconds deadline{0};

    // ---- who the peer is
    Endpoint local_endpoint{"192.0.2.1", 25};
    Endpoint peer_endpoint{"192.0.2.99", 40000};
    TlsInfo tls_info{.version = "TLSv1.3", .cipher = "TLS_AES_256_GCM_SHA384"};
    bool is_secure = false;
    bool handshake_fails = false;

    FakeStream();
    ~FakeStream() override;

    std::string_view buffered() const override { return std::string_view{in_}.substr(begin_); }
    void consume(std::size_t count) override;
    Task<Filled> fill(std::size_t limit = 64 * 1024) override;
    Task<Line> read_line(std::size_t limit) override;
    Task<> read_exactly(std::string& into, std::size_t count) override;
    Task<> skip(std::uint64_t count) override;
    void wake() override;
    WakeHandle wake_handle() override;
    void send(std::string_view octets) override { out_.append(octets); }
    std::size_t unsent() const override { return out_.size(); }
    Task<> flush() override;
    Task<> flush_if_large(std::size_t threshold = 64 * 1024) override;
    Task<> write(std::string_view octets) override;
    void idle_timeout(std::chrono::seconds limit) override { idle_limit = limit; }
    void deadline_after(std::chrono::seconds limit) override { deadline = limit; }
    void farewell(std::shared_ptr<const Farewell> words) override { farewell_ = std::move(words); }
    Task<std::size_t> start_tls(std::shared_ptr<const TlsContext> context) override;
    Task<> start_tls_client(std::shared_ptr<const TlsContext> context, TlsPeer peer) override;
    bool secure() const override { return is_secure; }
    const TlsInfo* tls() const override { return is_secure ? &tls_info : nullptr; }
    const Endpoint& local() const override { return local_endpoint; }
    const Endpoint& peer() const override { return peer_endpoint; }
    /// Of an io_context that nobody runs: in a test use asio::this_coro::executor.
    Executor executor() const override;
    Task<> close() override;

private:
    struct Target;
    struct Event {
        enum class Kind { octets, end, wake } kind;
        std::string octets;
        SessionEnd::Reason reason;
    };
    Filled receive(std::size_t limit, bool wakeable);
    [[noreturn]] void end_now(SessionEnd::Reason reason);
    void deliver();

    std::unique_ptr<asio::io_context> context_;
    std::deque<Event> script_;
    std::shared_ptr<Target> target_;
    std::shared_ptr<const Farewell> farewell_;
    LineScanner lines_;
    std::string in_;
    std::size_t begin_ = 0;
    std::string out_;
    std::string sent_;
    std::optional<SessionEnd::Reason> ended_;
    bool closed_ = false;
};

}  // namespace postrider::net
