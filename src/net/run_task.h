#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/io_context.hpp>
#include <exception>
#include <optional>
#include <stdexcept>
#include <type_traits>

#include "net/pools.h"

/// Running a coroutine to its end from ordinary code: for tests and command-line tools.
namespace postrider::net {

/// Runs `task` on a private io_context and returns (or throws) what it does. Throws std::logic_error if it
/// waits for something that can never come.
template <class T>
T run_task(asio::io_context& context, Task<T> task) {
    std::exception_ptr error;
    bool done = false;
    std::conditional_t<std::is_void_v<T>, bool, std::optional<T>> result{};
    if constexpr (std::is_void_v<T>) {
        asio::co_spawn(context, std::move(task), [&](std::exception_ptr failed) {
            error = failed;
            done = true;
            context.stop();
        });
    } else {
        asio::co_spawn(context, std::move(task), [&](std::exception_ptr failed, T value) {
            error = failed;
            if (!failed) result.emplace(std::move(value));
            done = true;
            context.stop();
        });
    }
    block_sigpipe();
    context.restart();
    context.run();
    if (!done) throw std::logic_error{"the task waits for nothing"};
    if (error) std::rethrow_exception(error);
    if constexpr (!std::is_void_v<T>) return std::move(*result);
}

/// The same on an io_context that is gone afterwards: not for a task that gives back a stream, nor for one
/// that asks a WorkerPool, whose threads may still be waking it.
template <class T>
T run_task(Task<T> task) {
    asio::io_context context{1};
    return run_task(context, std::move(task));
}

}  // namespace postrider::net
