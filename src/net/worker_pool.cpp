#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/this_coro.hpp>
#include <condition_variable>
#include <deque>
#include <list>
#include <mutex>
#include <thread>

#include "net/pools.h"

namespace postrider::net {

WorkerPool::Overloaded::Overloaded() : std::runtime_error{"too many jobs wait for a worker"} {}

struct WorkerPool::Impl {
    static constexpr std::chrono::seconds patience{10};  ///< of a thread that is not needed

    std::mutex mutex;
    std::condition_variable changed;
    std::deque<std::function<void()>> jobs;
    std::size_t max_waiting = 0;
    unsigned least = 1, most = 1;
    unsigned idle = 0, running = 0;
    bool stopping = false;
    std::list<std::thread> threads;
    std::list<std::thread> ended;  ///< to be joined

    void work(std::list<std::thread>::iterator self) {
        std::unique_lock lock{mutex};
        while (true) {
            ++idle;
            bool called = changed.wait_for(lock, patience, [&] { return stopping || !jobs.empty(); });
            --idle;
            if (stopping) return;
            if (!called) {
                if (running <= least) continue;
                --running;
                ended.splice(ended.end(), threads, self);
                return;
            }
            auto job = std::move(jobs.front());
            jobs.pop_front();
            lock.unlock();
            try {
                job();
            } catch (...) {  // run() has its own way to report; post() promises to swallow
            }
            job = nullptr;
            lock.lock();
        }
    }

    void add_thread() {
        while (!ended.empty()) {
            ended.front().join();  // it has left work()
            ended.pop_front();
        }
        ++running;
        auto self = threads.emplace(threads.end());
        *self = std::thread{[this, self] { work(self); }};
    }

    bool post(std::function<void()>&& job) {
        {
            std::lock_guard lock{mutex};
            // A job that an idle worker will take at once does not wait.
            if (stopping || jobs.size() >= max_waiting + idle) return false;
            jobs.push_back(std::move(job));
            if (jobs.size() > idle && running < most) add_thread();
        }
        changed.notify_one();
        return true;
    }
};

WorkerPool::WorkerPool(Threads threads, std::size_t max_waiting) : impl_{std::make_unique<Impl>()} {
    impl_->max_waiting = max_waiting;
    impl_->least = std::max(1U, threads.least);
    impl_->most = std::max(impl_->least, threads.most);
    std::lock_guard lock{impl_->mutex};
    for (unsigned i = 0; i < impl_->least; ++i) impl_->add_thread();
}

WorkerPool::~WorkerPool() {
    {
        std::lock_guard lock{impl_->mutex};
        impl_->stopping = true;
    }
    impl_->changed.notify_all();
    for (auto& thread : impl_->threads) thread.join();
    for (auto& thread : impl_->ended) thread.join();
}

bool WorkerPool::post(std::function<void()> job) {
    return impl_->post(std::move(job));
}

void WorkerPool::resize(Threads threads) {
    std::lock_guard lock{impl_->mutex};
    impl_->least = std::max(1U, threads.least);
    impl_->most = std::max(impl_->least, threads.most);
    while (impl_->running < impl_->least) impl_->add_thread();
}

std::size_t WorkerPool::waiting() const {
    std::lock_guard lock{impl_->mutex};
    return impl_->jobs.size();
}

Task<> WorkerPool::run_erased(Invoke invoke, void* target) {
    const auto executor = co_await asio::this_coro::executor;
    bool taken = true;
    auto initiate = [&, invoke, target](auto handler) {
        // Copyable, as std::function wants it; runs on the caller's thread, and if the pool drops the job,
        // the last copy to go takes the coroutine with it.
        auto resume = std::make_shared<decltype(handler)>(std::move(handler));
        taken = impl_->post([invoke, target, executor, resume]() mutable {
            invoke(target);
            asio::post(executor, [resume = std::move(resume)] { (*resume)(); });
        });
        if (!taken) asio::post(executor, [resume = std::move(resume)] { (*resume)(); });
    };
    co_await asio::async_initiate<const asio::use_awaitable_t<Executor>&, void()>(initiate, use_task);
    if (!taken) throw Overloaded{};
}

Task<bool> unless_overloaded(Task<> command) {
    try {
        co_await std::move(command);
    } catch (const WorkerPool::Overloaded&) {
        co_return false;
    }
    co_return true;
}

}  // namespace postrider::net
