#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>

#include "filter/scan/socket.h"

namespace postrider::filter {

/// The connections to one companion: as many at once as it is set up for, and those that are still good kept
/// for the next. Callable from any thread.
class ConnectionPool {
public:
    using Steady = Patience::Steady;
    struct Limits {
        unsigned connections = 10;       ///< at once; 0 = any number
        std::chrono::seconds idle{300};  ///< 0 = no end
        std::chrono::milliseconds connect{5000};
    };
    ConnectionPool(ScannerAddress to, Limits limits) : to_{std::move(to)}, limits_{limits} {}

    /// One connection for one dialogue. It is closed afterwards unless keep() was called.
    class Lease {
    public:
        Lease(Lease&& other) noexcept;
        Lease& operator=(Lease&&) = delete;
        ~Lease();
        Socket& socket() { return *socket_; }
        /// It was used before: what is sent may find it closed by the other side.
        bool used_before() const { return used_before_; }
        void keep() { keep_ = true; }

    private:
        friend class ConnectionPool;
        Lease(ConnectionPool& pool, Socket socket, bool used_before)
            : pool_{&pool}, socket_{std::move(socket)}, used_before_{used_before} {}
        ConnectionPool* pool_;
        std::optional<Socket> socket_;
        bool used_before_;
        bool keep_ = false;
    };
    /// Waits for its turn until the patience ends. `fresh`: not one that was used before.
    Maybe<Lease> take(const Patience& patience, bool fresh = false);

    /// Closes what has been idle for too long.
    void close_idle();
    const ScannerAddress& address() const { return to_; }

private:
    struct Idle {
        Socket socket;
        Steady::time_point since;
    };
    void leave(std::optional<Socket> socket);

    const ScannerAddress to_;
    const Limits limits_;
    std::mutex mutex_;
    std::condition_variable freed_;
    unsigned taken_ = 0;
    std::deque<Idle> idle_;  ///< the one used last is at the end
};

}  // namespace postrider::filter
