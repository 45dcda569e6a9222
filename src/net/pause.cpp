#include "net/pause.h"

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/this_coro.hpp>

namespace postrider::net {

Task<> pause(std::chrono::milliseconds time) {
    if (time.count() <= 0) co_return;
    using Timer = asio::basic_waitable_timer<std::chrono::steady_clock,
                                             asio::wait_traits<std::chrono::steady_clock>, Executor>;
    auto executor = co_await asio::this_coro::executor;
    Timer timer{executor, time};
    co_await timer.async_wait(use_task);
}

}  // namespace postrider::net
