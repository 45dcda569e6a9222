#pragma once

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <functional>
#include <memory>
#include <utility>

#include "net/task.h"

namespace postrider::net {

/// Suspends the calling coroutine until somebody, on any thread, calls the function given to `start` with the
/// result; it then goes on on its own thread. `start` must be a named local given with std::move.
///
///     auto start = [&](std::function<void(Receipt)> done) { store.submit(std::move(message),
///     std::move(done)); }; Receipt receipt = co_await net::suspend<Receipt>(std::move(start));
template <class T, class Start>
Task<T> suspend(Start start) {
    auto initiate = [](auto handler, Start begin) {
        using Handler = decltype(handler);
        auto executor = asio::get_associated_executor(handler);
        // The work guard keeps the I/O thread alive while the result is still on its way.
        struct Waiting {
            Handler handler;
            asio::executor_work_guard<decltype(executor)> work;
        };
        auto waiting =
            std::make_shared<Waiting>(Waiting{std::move(handler), asio::make_work_guard(executor)});
        begin([waiting, executor](T result) {
            asio::post(executor, [waiting, result = std::move(result)]() mutable {
                auto resume = std::move(waiting->handler);
                waiting->work.reset();
                std::move(resume)(std::move(result));
            });
        });
    };
    return asio::async_initiate<const asio::use_awaitable_t<Executor>, void(T)>(std::move(initiate), use_task,
                                                                                std::move(start));
}

}  // namespace postrider::net
