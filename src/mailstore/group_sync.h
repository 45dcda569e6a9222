#pragma once

#include <condition_variable>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>

#include "mailstore/types.h"

namespace postrider::mailstore {

/// Many who want what they wrote to be on disk share one flush.
class GroupSync {
public:
    explicit GroupSync(std::function<Result<>()> flush) : flush_{std::move(flush)} {}

    /// Returns when a flush that began after this call has ended.
    Result<> wait();

private:
    std::function<Result<>()> flush_;
    std::mutex mutex_;
    std::condition_variable ended_;
    bool running_ = false;
    std::uint64_t begun_ = 0, done_ = 0;  ///< flushes
    std::uint64_t last_good_ = 0;         ///< the newest flush that succeeded covers all before it
    std::optional<Failure> failure_;      ///< of the newest that failed
};

}  // namespace postrider::mailstore
