#pragma once

#include <netinet/in.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "options.h"

struct ssl_st;
struct ssl_ctx_st;

namespace postrider::bench {

class Connection;

/// One thread's epoll set. Level triggered; one read per event into a buffer that all connections share, so
/// that a waiting connection costs us next to nothing.
class Loop {
public:
    Loop();
    ~Loop();
    Loop(const Loop&) = delete;
    Loop& operator=(const Loop&) = delete;

    /// Handles events until `done()`. `tick(now)` is called each round and says when it wants to be called
    /// again at the latest (nothing: only after events).
    void run(const std::function<bool()>& done,
             const std::function<std::optional<Clock::time_point>(Clock::time_point)>& tick);
    void run(const std::function<bool()>& done);

    /// When the present round of events was read; reading the clock once per round is cheaper.
    Clock::time_point now() const { return now_; }

    /// A client context without session resumption: every connection pays for a whole handshake.
    ssl_ctx_st* tls();

private:
    friend class Connection;
    int epoll_ = -1;
    Clock::time_point now_;
    std::unique_ptr<char[]> buffer_;
    ssl_ctx_st* tls_ = nullptr;
};

/// A client connection to 127.0.0.1 that may be opened again after it was closed.
class Connection {
public:
    explicit Connection(Loop& loop) : loop_{loop} {}
    virtual ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    void open(std::uint16_t port, bool tls);
    void close();
    bool is_open() const { return fd_ >= 0; }

protected:
    /// Sends, keeping a copy only of what the socket does not take at once.
    void send(std::string_view first, std::string_view second = {});
    Loop& loop() { return loop_; }

    /// `input` is all that has arrived and was not consumed; returns how much of it is dealt with.
    /// May call close() or open().
    virtual std::size_t on_data(std::string_view input) = 0;
    /// The server hung up, or the connection failed. Not called after close().
    virtual void on_lost(std::string_view why) = 0;

private:
    friend class Loop;
    void handle(std::uint32_t events);
    void read_some();
    void flush();
    bool handshake();
    void watch(std::uint32_t events);
    void lose(std::string_view why);
    std::ptrdiff_t put(std::string_view first, std::string_view second);

    Loop& loop_;
    int fd_ = -1;
    std::uint32_t watched_ = 0;
    std::uint32_t generation_ = 0;  // tells a handler that on_data() closed or reopened the connection
    bool connecting_ = false;
    bool handshaking_ = false;
    ssl_st* ssl_ = nullptr;
    std::string input_;
    std::string output_;
};

/// Takes one line, without its CRLF, from the front of `input`; nothing if no line is complete.
std::optional<std::string_view> take_line(std::string_view& input);

}  // namespace postrider::bench
