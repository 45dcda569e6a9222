#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>

namespace postrider::delivery {

/// Counts what is still on its way through its owner: the destructor waits until nothing is. As the owner's
/// last member it goes first, so that all else of the owner is there for whoever holds a pass.
class InFlight {
public:
    class Pass {
    public:
        explicit Pass(InFlight& all) : all_{all} {
            std::lock_guard lock{all_.mutex_};
            ++all_.passes_;
        }
        ~Pass() {
            std::lock_guard lock{all_.mutex_};  // held while it is told: the waiter cannot end before
            if (--all_.passes_ == 0) all_.none_.notify_all();
        }
        Pass(const Pass&) = delete;
        Pass& operator=(const Pass&) = delete;

    private:
        InFlight& all_;
    };

    InFlight() = default;
    ~InFlight() {
        std::unique_lock lock{mutex_};
        none_.wait(lock, [this] { return passes_ == 0; });
    }

private:
    std::mutex mutex_;
    std::condition_variable none_;
    std::size_t passes_ = 0;
};

}  // namespace postrider::delivery
