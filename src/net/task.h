#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

/// How sessions run: one coroutine per connection, on the I/O thread that accepted it. Mind the compiler's
/// faults (docs/decisions/0002-coroutines.md): one plain call per co_await.
namespace postrider::net {

namespace asio = boost::asio;

using Executor = asio::io_context::executor_type;
template <class T = void>
using Task = asio::awaitable<T, Executor>;
inline constexpr asio::use_awaitable_t<Executor> use_task{};

}  // namespace postrider::net
