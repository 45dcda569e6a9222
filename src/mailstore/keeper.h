#pragma once

#include <condition_variable>
#include <map>
#include <mutex>
#include <thread>

#include "mailstore/committer.h"
#include "mailstore/core.h"

namespace postrider::mailstore {

/// What is done about once a second: marks and sync, freeing what nobody refers to, forgetting old changes.
class Keeper {
public:
    Keeper(Core& core, Committer& committer);
    ~Keeper();

    void wake();
    /// Notes how far the containers are known to the key-value store, and syncs that. What was committed
    /// before the call needs no replay from then on.
    Result<> mark_and_sync();
    /// Sessions' claims of \Recent messages, written down.
    void save_claims();
    /// The marks of this moment, into a batch; nothing is in progress while `then` runs.
    Result<> at_mark(const std::function<Result<>()>& then);
    /// Gives back the bytes of blobs without references, those older than the grace time, as far as the marks
    /// allow. Returns how many.
    Result<std::size_t> sweep(std::chrono::seconds grace);

    /// Held while files are copied, moved or freed, so that these do not meet.
    std::mutex care;

private:
    void run();
    void round();
    /// Gives up deleted messages whose time is up: some accounts in each round, all in a pass.
    void purge_deleted();
    Result<std::size_t> free_some(const std::vector<BlobId>& blobs);

    Core& core_;
    Committer& committer_;
    std::mutex durable_mutex_;
    std::map<std::uint16_t, std::uint64_t> durable_;  ///< location -> last number behind a synced mark
    AccountId purged_upto_{};                         ///< the pass has come this far
    std::chrono::steady_clock::time_point next_pass_{};
    std::mutex mutex_;
    std::condition_variable changed_;
    bool awake_ = false, stopping_ = false;
    std::thread thread_;
};

}  // namespace postrider::mailstore
