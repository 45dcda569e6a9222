#include "relay/ledger.h"

#include <exception>
#include <mutex>
#include <utility>
#include <vector>

#include "net/suspend.h"

namespace postrider::relay {
namespace {

struct Job {
    const std::function<void()>& run;
    std::exception_ptr error;
};

/// Who waits is kept here and not with the job, which is part of who waits.
struct Waiting {
    Job* job = nullptr;
    std::function<void(bool)> resume;
};

}  // namespace

/// Outlives the ledger while a worker is at it.
struct Ledger::State {
    std::mutex mutex;
    std::vector<Waiting> waiting;
    bool working = false;

    std::vector<Waiting> take_all() {
        std::lock_guard lock{mutex};
        working = !waiting.empty();
        return std::exchange(waiting, {});
    }
    /// Nobody will do it.
    std::vector<Waiting> give_up() {
        std::lock_guard lock{mutex};
        working = false;
        return std::exchange(waiting, {});
    }
};

/// A worker's turn. One that never comes, because the workers end, lets go of all who wait for it.
struct Ledger::Turn {
    explicit Turn(std::shared_ptr<State> of) : state{std::move(of)} {}
    ~Turn() {
        if (!over) (void)state->give_up();
    }

    void work() {
        for (auto now = state->take_all(); !now.empty(); now = state->take_all())
            for (Waiting& one : now) {
                try {
                    one.job->run();
                } catch (...) {
                    one.job->error = std::current_exception();
                }
                one.resume(true);  // the job is gone from here on
            }
        over = true;
    }

    std::shared_ptr<State> state;
    bool over = false;
};

Ledger::Ledger(net::WorkerPool& workers) : workers_{workers}, state_{std::make_shared<State>()} {}

net::Task<bool> Ledger::run(const std::function<void()>& run) {
    Job job{run, nullptr};
    auto start = [this, &job](std::function<void(bool)> resume) {
        {
            std::lock_guard lock{state_->mutex};
            state_->waiting.push_back({&job, std::move(resume)});
            if (std::exchange(state_->working, true)) return;
        }
        auto turn = std::make_shared<Turn>(state_);
        if (workers_.post([turn] { turn->work(); })) return;
        turn->over = true;
        std::vector<Waiting> refused = state_->give_up();
        for (Waiting& one : refused) one.resume(false);
    };
    const bool done = co_await net::suspend<bool>(std::move(start));
    if (job.error) std::rethrow_exception(job.error);
    co_return done;
}

}  // namespace postrider::relay
