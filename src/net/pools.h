#pragma once

#include <exception>
#include <functional>
#include <memory>
#include <optional>
#include <type_traits>

#include "net/task.h"

namespace postrider::net {

/// The I/O threads: each runs its own io_context, a connection stays on one for life.
class IoPool {
public:
    explicit IoPool(unsigned threads);
    ~IoPool();
    unsigned size() const;
    asio::io_context& next();  ///< round robin
    asio::io_context& at(unsigned index);
    void run();   ///< starts the threads
    void stop();  ///< returns when all have ended

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

    WorkerPool(unsigned threads, std::size_t max_waiting);
    ~WorkerPool();  ///< waits for the jobs that run; those that wait are dropped

    /// Runs `job` on a worker and resumes the calling coroutine on its own thread with what it returned (or
    /// threw). `job` must be a named local given with std::move (see task.h).
    template <class Job>
    Task<std::invoke_result_t<Job&>> run(Job job);

    /// Fire and forget; false when too many wait.
    bool post(std::function<void()> job);

private:
    struct Impl;
    std::unique_ptr<Impl> impl_;
};

}  // namespace postrider::net
