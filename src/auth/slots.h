#pragma once

#include <condition_variable>
#include <mutex>

namespace postrider::auth {

/// How many may do something costly at once, and how many may wait for it. Any thread.
class Slots {
public:
    Slots(unsigned at_once, unsigned waiting) : free_{at_once == 0 ? 1 : at_once}, may_wait_{waiting} {}

    class Taken {
    public:
        explicit Taken(Slots* of) : of_{of} {}
        ~Taken() {
            if (of_ != nullptr) of_->give_back();
        }
        Taken(const Taken&) = delete;
        Taken& operator=(const Taken&) = delete;
        explicit operator bool() const { return of_ != nullptr; }  ///< false: too many wait already

    private:
        Slots* of_;
    };

    Taken take() {
        std::unique_lock lock{mutex_};
        if (free_ == 0) {
            if (may_wait_ == 0) return Taken{nullptr};
            --may_wait_;
            freed_.wait(lock, [this] { return free_ > 0; });
            ++may_wait_;
        }
        --free_;
        return Taken{this};
    }

private:
    void give_back() {
        {
            std::lock_guard lock{mutex_};
            ++free_;
        }
        freed_.notify_one();
    }

    std::mutex mutex_;
    std::condition_variable freed_;
    unsigned free_;
    unsigned may_wait_;
};

}  // namespace postrider::auth
