#pragma once

#include <algorithm>
#include <atomic>
#include <chrono>
#include <thread>

#include "container/container.h"

namespace postrider::mailstore {

/// How much mail comes in, so that under a flood compression takes less of the processor, and nothing where
/// the processor is what all wait for.
class Pressure {
public:
    using Moment = std::chrono::steady_clock::time_point;

    explicit Pressure(unsigned processors = std::thread::hardware_concurrency())
        : processors_{std::max(processors, 1U)} {}

    /// `bytes` of messages were stored, for `flushing` of the time up to `now` the disk was waited for. On
    /// the committer's thread.
    void stored(std::size_t bytes, Moment::duration flushing, Moment now) {
        bytes_ += bytes;
        flushing_ += flushing;
        const std::chrono::duration<double> passed = now - since_;
        if (passed < window) return;
        effort_.store(effort_for(static_cast<double>(bytes_) / passed.count(), flushing_ / passed),
                      std::memory_order_relaxed);
        bytes_ = 0;
        flushing_ = {};
        since_ = now;
    }

    container::Effort effort() const { return effort_.load(std::memory_order_relaxed); }

private:
    static constexpr std::chrono::milliseconds window{100};
    static constexpr double much = 24e6;           // bytes a second; thorough, a tenth of one processor
    static constexpr double very_much = 50e6;      // for each processor
    static constexpr double busy_disk = 0.7;       // of the time
    static constexpr double very_busy_disk = 0.9;  // what is packed spares it a half

    container::Effort effort_for(double bytes_per_second, double disk) const {
        if (bytes_per_second <= much) return container::Effort::thorough;
        const double limit = effort() == container::Effort::none ? very_busy_disk : busy_disk;
        return bytes_per_second > very_much * processors_ && disk < limit ? container::Effort::none
                                                                          : container::Effort::quick;
    }

    const unsigned processors_;
    std::size_t bytes_ = 0;
    Moment::duration flushing_{};
    Moment since_{};
    std::atomic<container::Effort> effort_{container::Effort::thorough};
};

}  // namespace postrider::mailstore
