#pragma once

#include <chrono>
#include <cstdint>

namespace postrider::index {

/// When what has changed is indexed. While changes come in by the thousand it waits: whoever delivers or
/// reads mail has the processor, and many messages of an account in one go cost less than each by itself. But
/// not for ever, as what is not indexed is read by whoever searches it.
class Pace {
public:
    using Moment = std::chrono::steady_clock::time_point;

    /// Whether to index now, when there were `changes` in the store since the call before.
    bool now_is_the_time(std::uint64_t changes, Moment now) {
        const std::chrono::duration<double> passed = now - looked_;
        const bool flood = static_cast<double>(changes) > changes_per_second * passed.count();
        looked_ = now;
        if (flood && now - indexed_ < patience) return false;
        indexed_ = now;
        return true;
    }

private:
    static constexpr double changes_per_second =
        1000;  // messages of 4 KB take three hundredths of a core then
    static constexpr std::chrono::seconds patience{60};

    Moment looked_{};
    Moment indexed_{};
};

}  // namespace postrider::index
