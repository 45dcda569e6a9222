#pragma once

#include <atomic>
#include <cstddef>
#include <utility>

namespace postrider::smtp {

/// Octets of memory that messages on their way in may take together. Overload is answered (452), not
/// suffered.
class MemoryBudget {
public:
    explicit MemoryBudget(std::size_t limit) : limit_{limit} {}

    /// What is held stays held, also when it is more than the new limit.
    void change_limit(std::size_t limit) { limit_.store(limit, std::memory_order_relaxed); }

    /// What one message has taken; gives it back when it goes.
    class Share {
    public:
        Share() = default;
        explicit Share(MemoryBudget& budget) : budget_{&budget} {}
        Share(Share&& other) noexcept
            : budget_{std::exchange(other.budget_, nullptr)}, held_{std::exchange(other.held_, 0)} {}
        Share& operator=(Share&& other) noexcept {
            std::swap(budget_, other.budget_);
            std::swap(held_, other.held_);
            return *this;
        }
        ~Share() {
            if (budget_) budget_->used_.fetch_sub(held_, std::memory_order_relaxed);
        }

        /// Makes the share at least `octets`; false when that is more than there is.
        bool reach(std::size_t octets) {
            if (octets <= held_) return true;
            std::size_t more = octets - held_;
            if (budget_->used_.fetch_add(more, std::memory_order_relaxed) + more
                > budget_->limit_.load(std::memory_order_relaxed)) {
                budget_->used_.fetch_sub(more, std::memory_order_relaxed);
                return false;
            }
            held_ = octets;
            return true;
        }

    private:
        MemoryBudget* budget_ = nullptr;
        std::size_t held_ = 0;
    };

private:
    std::atomic<std::size_t> limit_;
    std::atomic<std::size_t> used_{0};
};

}  // namespace postrider::smtp
