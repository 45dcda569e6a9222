#include "app/housekeeper.h"

#include <algorithm>

namespace postrider::app {

using SteadyClock = std::chrono::steady_clock;

void Housekeeper::add(std::chrono::seconds every, std::function<void()> run) {
    tasks_.push_back({every, std::move(run), SteadyClock::now() + every});
}

void Housekeeper::start() {
    if (running_.exchange(true)) return;
    thread_ = std::thread{[this] { run(); }};
}

void Housekeeper::stop() {
    {
        std::lock_guard lock{mutex_};
        running_ = false;
    }
    wake_.notify_all();
    if (thread_.joinable()) thread_.join();
}

void Housekeeper::run() {
    std::unique_lock lock{mutex_};
    while (running_ && !tasks_.empty()) {
        auto soonest = std::ranges::min_element(tasks_, {}, &Task::next);
        if (wake_.wait_until(lock, soonest->next, [&] { return !running_; })) return;
        lock.unlock();
        soonest->run();
        soonest->next = SteadyClock::now() + soonest->every;
        lock.lock();
    }
}

}  // namespace postrider::app
