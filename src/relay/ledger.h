#pragma once

#include <functional>
#include <memory>

#include "net/pools.h"

namespace postrider::relay {

/// Short jobs on the disk, for one I/O thread: what waits is done by one worker in one go, so that many small
/// answers do not each cost the waking of a thread.
class Ledger {
public:
    /// `workers` must live longer.
    explicit Ledger(net::WorkerPool& workers);

    /// Runs the job on a worker; what it throws is thrown here. False: all workers are busy, nothing was
    /// done. The job must live until then.
    net::Task<bool> run(const std::function<void()>& job);

private:
    struct State;
    struct Turn;

    net::WorkerPool& workers_;
    std::shared_ptr<State> state_;
};

}  // namespace postrider::relay
