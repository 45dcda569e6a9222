#pragma once

#include <chrono>

namespace postrider {

using Time = std::chrono::system_clock::time_point;
using namespace std::chrono_literals;

/// What time it is, as an argument, so that a test can be the clock.
class Clock {
public:
    virtual ~Clock() = default;
    virtual Time now() const = 0;
};

class SystemClock final : public Clock {
public:
    Time now() const override { return std::chrono::system_clock::now(); }
};

/// Stands still until it is told to move.
class ManualClock final : public Clock {
public:
    explicit ManualClock(Time start) : now_{start} {}
    Time now() const override { return now_; }
    void advance(Time::duration by) { now_ += by; }

private:
    Time now_;
};

}  // namespace postrider
