#pragma once

#include <chrono>
#include <expected>
#include <initializer_list>
#include <string>
#include <string_view>

#include "filter/scan/address.h"
#include "net/unique_fd.h"

namespace postrider::filter {

/// Why a companion could not be used.
struct Trouble {
    enum class Kind : std::uint8_t {
        unreachable,  ///< no connection, or all of ours are busy
        silent,       ///< it took too long
        closed,       ///< it hung up, or the connection broke
        nonsense,     ///< it said what the protocol does not have
    };
    Kind kind = Kind::nonsense;
    std::string text;  ///< one line
};

template <class T = void>
using Maybe = std::expected<T, Trouble>;

/// How long something may take: each wait by itself, and everything together.
class Patience {
public:
    using Steady = std::chrono::steady_clock;
    Patience(std::chrono::milliseconds step, std::chrono::milliseconds whole)
        : step_{step}, end_{Steady::now() + whole} {}
    /// For poll(): milliseconds of the next wait, 0 when the time is over.
    int next_wait() const;
    Steady::time_point end() const { return end_; }
    Patience with_step(std::chrono::milliseconds step) const {
        Patience other = *this;
        other.step_ = step;
        return other;
    }

private:
    std::chrono::milliseconds step_;
    Steady::time_point end_;
};

/// A connected stream socket, for threads that may block. Never throws, raises no signal.
class Socket {
public:
    /// Tries the addresses of a name one after the other.
    static Maybe<Socket> connect(const ScannerAddress& to, const Patience& patience);

    enum class Sent : std::uint8_t {
        all,
        cut,  ///< the other side hung up before it had everything; what it said before is in received()
    };
    /// Sends the pieces as one, without a copy. What arrives meanwhile, at most 64 KB, goes to received().
    Maybe<Sent> send(std::initializer_list<std::string_view> pieces, const Patience& patience);
    /// No more will be sent.
    void end_of_sending();

    /// Adds what arrives to received(), until there is more than before. False: the other side has closed.
    Maybe<bool> receive(const Patience& patience, std::size_t limit);
    /// The text before the next `end`, which is consumed too; at most `limit` octets.
    Maybe<std::string> receive_until(char end, std::size_t limit, const Patience& patience);
    /// All until the other side closes; at most `limit` octets, else nonsense.
    Maybe<std::string> receive_all(std::size_t limit, const Patience& patience);

    const std::string& received() const { return received_; }
    std::string& received() { return received_; }
    std::string take_received() { return std::move(received_); }
    void consume(std::size_t count) { received_.erase(0, count); }

    /// Nothing has arrived unasked, and it has not been closed: fit to be used again.
    bool quiet() const;

private:
    explicit Socket(net::UniqueFd fd) : fd_{std::move(fd)} {}
    Maybe<short> wait(short events, const Patience& patience) const;
    static Maybe<Socket> connect_to(const void* address, unsigned size, int family, const Patience& patience);

    Maybe<bool> receive_now(std::size_t limit);

    net::UniqueFd fd_;
    std::string received_;
    bool ended_ = false;  ///< the other side has closed
};

}  // namespace postrider::filter
