#pragma once

#include <chrono>

#include "net/task.h"

namespace postrider::net {

/// Lets the calling coroutine wait this long without a thread; returns at once for nothing or less.
Task<> pause(std::chrono::milliseconds time);

}  // namespace postrider::net
