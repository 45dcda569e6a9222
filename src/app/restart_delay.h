#pragma once

#include <algorithm>
#include <chrono>

namespace postrider::app {

/// How long to wait before what died is started again: nothing after a long life, then doubling up to a cap.
class RestartDelay {
public:
    using Duration = std::chrono::milliseconds;

    struct Bounds {
        Duration first{200};
        Duration longest{60'000};
        Duration healthy{60'000};  ///< who lived as long dies of something new
    };

    RestartDelay() = default;
    explicit RestartDelay(Bounds bounds) : bounds_{bounds} {}

    /// @param lived  from its start to its death
    Duration after_death(Duration lived) {
        if (lived >= bounds_.healthy) next_ = Duration{0};
        Duration now = next_;
        next_ = std::clamp(next_ * 2, bounds_.first, bounds_.longest);
        deaths_ = now == Duration{0} ? 1 : deaths_ + 1;
        return now;
    }
    unsigned deaths() const { return deaths_; }  ///< in a row

private:
    Bounds bounds_;
    Duration next_{0};
    unsigned deaths_ = 0;
};

}  // namespace postrider::app
