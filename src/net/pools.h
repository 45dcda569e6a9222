#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <stdexcept>
#include <type_traits>

#include "net/task.h"

namespace postrider::net {

/// OpenSSL writes to sockets without MSG_NOSIGNAL: a thread that runs streams must not die of a peer that has
/// gone. IoPool and run_task() call it for their threads.
void block_sigpipe();

/// The I/O threads: each runs its own io_context, a connection stays on one for life.
class IoPool {
public:
    explicit IoPool(unsigned threads);
    ~IoPool();
    unsigned size() const;
    asio::io_context& next();  ///< round robin
    asio::io_context& at(unsigned index);
    void run();   ///< starts the threads
    void stop();  ///< returns when all have ended; coroutines that still wait are destroyed with the pool

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// Threads for what blocks: disk reads, argon2, directory look-ups. Bounded: beyond `max_waiting` jobs run()
/// throws Overloaded, which a session answers in its protocol's terms (421, BYE, 4xx).
class WorkerPool {
public:
    class Overloaded : public std::runtime_error {
    public:
        Overloaded();
    };

    /// How many threads: `least` are always there, more come while jobs wait, up to `most`, and end again
    /// when they have had nothing to do for a while.
    struct Threads {
        unsigned least = 1;
        unsigned most = 1;
        Threads(unsigned count) : least{count}, most{count} {}  // NOLINT: a fixed number
        Threads(unsigned least_count, unsigned most_count) : least{least_count}, most{most_count} {}
    };
    WorkerPool(Threads threads, std::size_t max_waiting);
    /// Waits for the jobs that run; those that wait are dropped, and with them the coroutines that asked for
    /// them. To be destroyed after the I/O threads have stopped and before the IoPool is.
    ~WorkerPool();

    /// Runs `job` on a worker and resumes the calling coroutine on its own thread with what it returned (or
    /// threw). `job` must be a named local given with std::move (see task.h).
    template <class Job>
    Task<std::invoke_result_t<Job&>> run(Job job) {
        using Result = std::invoke_result_t<Job&>;
        using Kept = std::conditional_t<std::is_void_v<Result>, bool, std::optional<Result>>;
        struct Call {
            Job* job;
            Kept result{};
            std::exception_ptr error;
        } call{&job, Kept{}, nullptr};
        const Invoke invoke = [](void* target) noexcept {
            auto& self = *static_cast<Call*>(target);
            try {
                if constexpr (std::is_void_v<Result>)
                    (*self.job)();
                else
                    self.result.emplace((*self.job)());
            } catch (...) {
                self.error = std::current_exception();
            }
        };
        co_await run_erased(invoke, &call);
        if (call.error) std::rethrow_exception(call.error);
        if constexpr (!std::is_void_v<Result>) co_return std::move(*call.result);
    }

    /// Fire and forget; false when too many wait. What it throws is swallowed.
    bool post(std::function<void()> job);

    /// Other bounds, while jobs run. Threads that are too many end when they have nothing to do.
    void resize(Threads threads);

    std::size_t waiting() const;  ///< for metrics

private:
    using Invoke = void (*)(void* target) noexcept;
    Task<> run_erased(Invoke invoke, void* target);

    struct Impl;
    std::unique_ptr<Impl> impl_;
};

/// Waits for a command of a session; false when there was no room for it on the workers.
Task<bool> unless_overloaded(Task<> command);

}  // namespace postrider::net
