#include "observe/log_queue.h"

#include <algorithm>
#include <bit>
#include <utility>

namespace postrider::observe {

bool LogQueue::make_room(std::size_t level, std::size_t octets) {
    while (lines_ >= max_lines_ || octets_ + octets > max_octets_) {
        std::size_t victim = levels;
        for (std::size_t i = levels; i-- > level + 1;) {
            if (!waiting_[i].empty()) {
                victim = i;
                break;
            }
        }
        if (victim == levels) return false;
        octets_ -= cost(waiting_[victim].back());
        --lines_;
        waiting_[victim].pop_back();
        ++dropped_[victim];
    }
    return true;
}

void LogQueue::push(LogEvent&& event) {
    auto level = static_cast<std::size_t>(std::countr_zero(static_cast<unsigned>(event.level)));
    std::size_t octets = cost(event);
    bool wake = false;
    {
        std::lock_guard lock{mutex_};
        event.order = pushed_++;
        if (!make_room(level, octets)) {
            ++dropped_[level];
        } else {
            waiting_[level].push_back(std::move(event));
            octets_ += octets;
            ++lines_;
        }
        wake = std::exchange(sleeping_, false);
        if (!urgent_ && (lines_ > max_lines_ / 2 || octets_ > max_octets_ / 2)) wake = urgent_ = true;
    }
    if (wake) filled_.notify_one();
}

void LogQueue::take(Batch& batch, std::chrono::milliseconds patience, std::chrono::milliseconds gather) {
    batch.events.clear();
    for (auto& level : batch.by_level) {
        level.clear();
        if (level.capacity() > 4096) level = std::vector<LogEvent>{};  // memory of a burst is given back
    }
    batch.dropped = {};
    {
        std::unique_lock lock{mutex_};
        if (pushed_ == taken_ && !stopped_) {
            sleeping_ = true;
            filled_.wait_for(lock, patience, [&] { return pushed_ != taken_ || stopped_; });
            sleeping_ = false;
        }
        if (pushed_ != taken_) filled_.wait_for(lock, gather, [&] { return urgent_ || stopped_; });
        std::swap(batch.by_level, waiting_);
        std::swap(batch.dropped, dropped_);
        lines_ = 0;
        octets_ = 0;
        taken_ = pushed_;
        urgent_ = false;
        batch.stopped = stopped_;
    }
    for (const auto& level : batch.by_level) {
        for (const LogEvent& event : level) batch.events.push_back(&event);
    }
    std::sort(batch.events.begin(), batch.events.end(),
              [](const LogEvent* a, const LogEvent* b) { return a->order < b->order; });
}

void LogQueue::done() {
    {
        std::lock_guard lock{mutex_};
        done_ = taken_;
    }
    drained_.notify_all();
}

void LogQueue::drain() {
    std::unique_lock lock{mutex_};
    std::uint64_t goal = pushed_;
    urgent_ = true;
    filled_.notify_all();
    drained_.wait(lock, [&] { return done_ >= goal; });
}

void LogQueue::stop() {
    {
        std::lock_guard lock{mutex_};
        stopped_ = true;
    }
    filled_.notify_all();
}

}  // namespace postrider::observe
