#include "filter/scan/pool.h"

namespace postrider::filter {

ConnectionPool::Lease::Lease(Lease&& other) noexcept
    : pool_{std::exchange(other.pool_, nullptr)},
      socket_{std::move(other.socket_)},
      used_before_{other.used_before_},
      keep_{other.keep_} {}

ConnectionPool::Lease::~Lease() {
    if (pool_ == nullptr) return;
    if (!keep_ || !socket_->quiet()) socket_.reset();
    pool_->leave(std::move(socket_));
}

Maybe<ConnectionPool::Lease> ConnectionPool::take(const Patience& patience, bool fresh) {
    {
        std::unique_lock lock{mutex_};
        const auto my_turn = [this] { return limits_.connections == 0 || taken_ < limits_.connections; };
        if (!freed_.wait_until(lock, patience.end(), my_turn))
            return std::unexpected(Trouble{Trouble::Kind::silent, "all its connections are busy"});
        ++taken_;
        while (!fresh && !idle_.empty()) {
            Socket socket = std::move(idle_.back().socket);
            const auto since = idle_.back().since;
            idle_.pop_back();
            const bool old = limits_.idle.count() != 0 && Steady::now() - since > limits_.idle;
            if (!old && socket.quiet()) return Lease{*this, std::move(socket), true};
        }
    }
    auto made = Socket::connect(to_, patience.with_step(limits_.connect));
    if (made) return Lease{*this, std::move(*made), false};
    leave(std::nullopt);
    return std::unexpected(std::move(made.error()));
}

void ConnectionPool::leave(std::optional<Socket> socket) {
    {
        std::lock_guard lock{mutex_};
        --taken_;
        if (socket) idle_.push_back({std::move(*socket), Steady::now()});
    }
    freed_.notify_one();
}

void ConnectionPool::close_idle() {
    std::deque<Idle> old;  // closed after the lock is given back
    std::lock_guard lock{mutex_};
    while (!idle_.empty() && limits_.idle.count() != 0
           && Steady::now() - idle_.front().since > limits_.idle) {
        old.push_back(std::move(idle_.front()));
        idle_.pop_front();
    }
}

}  // namespace postrider::filter
