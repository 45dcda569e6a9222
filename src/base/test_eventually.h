#pragma once

#include <chrono>
#include <thread>

namespace postrider {

/// Waits for what another thread is about to do; what `condition` is at the end. The minute is for a machine
/// that is slow and busy: who waits that long for what does come has lost nothing, and only what hangs takes
/// all of it.
template <class Condition>
bool eventually(const Condition& condition, std::chrono::seconds limit = std::chrono::seconds{60}) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (!condition()) {
        if (std::chrono::steady_clock::now() > end) return false;
        std::this_thread::sleep_for(std::chrono::milliseconds{2});
    }
    return true;
}

}  // namespace postrider
