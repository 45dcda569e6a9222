#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>

#include "container/disk.h"

namespace postrider::container {

/// How much room the file system has, asked at most once a second.
class FreeSpace {
public:
    FreeSpace(Disk& disk, int fd) : disk_{disk}, fd_{fd} {}

    std::uint64_t bytes() const {
        const std::int64_t now =
            std::chrono::steady_clock::now().time_since_epoch() / std::chrono::milliseconds{1};
        if (now >= ask_again_.load(std::memory_order_relaxed)) {
            std::uint64_t free = 0;
            if (disk_.free_bytes(fd_, free) == 0) free_.store(free, std::memory_order_relaxed);
            ask_again_.store(now + 1000, std::memory_order_relaxed);
        }
        return free_.load(std::memory_order_relaxed);
    }

private:
    Disk& disk_;
    const int fd_;
    mutable std::atomic<std::int64_t> ask_again_ = 0;
    mutable std::atomic<std::uint64_t> free_ = 0;
};

}  // namespace postrider::container
