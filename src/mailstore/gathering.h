#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>

namespace postrider::mailstore {

/// For how many jobs a group waits before it is written. As many as shared the last flush are likely to come
/// again at once; where several did, it is tried now and then whether one more comes in the time that each of
/// them is worth. To be asked by one thread at a time.
class Gathering {
public:
    /// @return jobs that the next group should hold
    std::size_t wanted() {
        tries_ = last_ >= several && last_ < enough && groups_until_try_ == 0;
        if (groups_until_try_ > 0) --groups_until_try_;
        return std::max<std::size_t>(last_ + (tries_ ? 1 : 0), 1);
    }
    /// @return how long it may wait for them
    std::chrono::microseconds patience() const {
        if (last_ < several || last_ > enough) return least_patience;
        return static_cast<int>(last_) * patience_each;
    }
    /// The group has been formed, of `jobs`.
    void formed(std::size_t jobs) {
        if (tries_ && jobs > last_) {
            pause_ = 1;
        } else if (tries_) {
            groups_until_try_ = pause_;
            pause_ = std::min(2 * pause_, longest_pause);
        }
        last_ = jobs;
    }

private:
    static constexpr std::size_t several = 3;
    /// More would leave the processor idle while all clients wait for one flush.
    static constexpr std::size_t enough = 6;
    static constexpr std::size_t longest_pause = 64;  // groups
    static constexpr std::chrono::microseconds least_patience{100}, patience_each{50};

    std::size_t last_ = 0;
    std::size_t groups_until_try_ = 0;
    std::size_t pause_ = 1;
    bool tries_ = false;
};

}  // namespace postrider::mailstore
