#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace postrider::app {

/// One thread for what is to be done now and then and may take its time.
class Housekeeper {
public:
    struct Task {
        std::chrono::seconds every;
        std::function<void()> run;
        std::chrono::steady_clock::time_point next{};
    };

    ~Housekeeper() { stop(); }
    void add(std::chrono::seconds every, std::function<void()> run);  ///< before start()
    void start();
    void stop();
    bool running() const {
        return running_.load(std::memory_order_relaxed);
    }  ///< long tasks look now and then

private:
    void run();

    std::vector<Task> tasks_;
    std::mutex mutex_;
    std::condition_variable wake_;
    std::atomic<bool> running_ = false;
    std::thread thread_;
};

}  // namespace postrider::app
