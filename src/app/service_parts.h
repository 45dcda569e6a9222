#pragma once

#include <chrono>
#include <memory>

#include "net/pools.h"
#include "settings/common.h"

/// What the services that take connections have in common.
namespace postrider::app {

/// How long sessions may take to end by themselves after they have been told.
inline constexpr std::chrono::milliseconds session_grace{3000};

/// A service's share of the threads that may block; made at its first start, then only resized: jobs of
/// sessions that are ending may still be in it.
inline void share_threads(std::unique_ptr<net::WorkerPool>& workers,
                          const settings::ServiceSettings& service) {
    constexpr std::size_t max_waiting_jobs = 10'000;
    net::WorkerPool::Threads threads{service.min_threads, service.max_threads};
    if (workers)
        workers->resize(threads);
    else
        workers = std::make_unique<net::WorkerPool>(threads, max_waiting_jobs);
}

}  // namespace postrider::app
