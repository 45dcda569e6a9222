#pragma once

#include <atomic>
#include <chrono>

#include "container/container.h"

namespace postrider::mailstore {

/// How much mail comes in, so that under a flood compression takes less of the processor.
class Pressure {
public:
    using Moment = std::chrono::steady_clock::time_point;

    /// `bytes` of messages were stored. On the committer's thread.
    void stored(std::size_t bytes, Moment now) {
        bytes_ += bytes;
        const std::chrono::duration<double> passed = now - since_;
        if (passed < window) return;
        const bool much = static_cast<double>(bytes_) > bytes_per_second * passed.count();
        effort_.store(much ? container::Effort::quick : container::Effort::thorough,
                      std::memory_order_relaxed);
        bytes_ = 0;
        since_ = now;
    }

    container::Effort effort() const { return effort_.load(std::memory_order_relaxed); }

private:
    static constexpr std::chrono::milliseconds window{100};
    static constexpr double bytes_per_second = 24e6;  // thorough, that is a tenth of one core

    std::size_t bytes_ = 0;
    Moment since_{};
    std::atomic<container::Effort> effort_{container::Effort::thorough};
};

}  // namespace postrider::mailstore
