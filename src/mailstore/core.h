#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <utility>

#include "mailstore/account_cache.h"
#include "mailstore/blob_refs.h"
#include "mailstore/folder_cache.h"
#include "mailstore/group_sync.h"
#include "mailstore/locations.h"
#include "mailstore/mailstore.h"
#include "mailstore/pressure.h"
#include "mailstore/roster.h"

namespace postrider::mailstore {

class Columns;

/// UIDs and modification sequences that an unclean stop may have left given out but not on disk are skipped:
/// so many per start after such a stop.
inline constexpr std::uint32_t id_gap = 16'384;
/// No more of them are given out than this before the key-value store is synced.
inline constexpr std::uint64_t ids_before_sync = 8'192;
/// An operation that gives out more than this many at once is written with Durability::now, so that nobody
/// sees them before they are on disk.
inline constexpr std::uint64_t ids_at_once = 4'096;

/// Accounts for which something is to be done when there is time; they stay in memory until then.
class WaitingAccounts {
public:
    void add(std::shared_ptr<AccountImpl> account) {
        std::lock_guard lock{mutex_};
        AccountImpl* const key = account.get();
        accounts_.try_emplace(key, std::move(account));
    }
    std::unordered_map<AccountImpl*, std::shared_ptr<AccountImpl>> take() {
        std::lock_guard lock{mutex_};
        return std::exchange(accounts_, {});
    }

private:
    std::mutex mutex_;
    std::unordered_map<AccountImpl*, std::shared_ptr<AccountImpl>> accounts_;
};

/// What the parts of the store share. Locks are taken in this order, and none twice:
///   1. Committer::in_progress  2. account locks (several only in ascending id order)  3. blob stripes
///   4. leaves: AccountImpl's state and watchers, the account cache, the rosters, the claims
struct Core {
    explicit Core(const Options& options);

    Result<> write(kv::Batch batch, kv::Durability durability = kv::Durability::soon);
    /// Everything written so far is on disk on return. Shares flushes.
    Result<> sync() { return group_sync.wait(); }
    /// To be called before `ids` UIDs or modification sequences are given out.
    Result<> before_giving_out(std::uint64_t ids);
    kv::Durability durability_for(std::uint64_t ids) const {
        return ids > ids_at_once ? kv::Durability::now : kv::Durability::soon;
    }

    std::int64_t now_seconds() const {
        return std::chrono::floor<std::chrono::seconds>(clock.now()).time_since_epoch().count();
    }
    QuotaLimits limits(AccountId account) const { return quota ? quota->limits(account) : QuotaLimits{}; }
    QuotaLimits limits(AccountId account, FolderId folder) const {
        return quota ? quota->limits_in(account, folder) : QuotaLimits{};
    }

    /// The stored bytes, found wherever compaction may have moved them.
    Result<container::Stored> read(BlobId blob);
    Result<std::string> read_head(BlobId blob, std::size_t bytes);
    Result<BlobRecord> blob(BlobId id);

    Options options;
    SystemClock system_clock;
    const Clock& clock;
    observe::Logger log;
    const QuotaSource* quota;
    std::unique_ptr<kv::Store> kv;
    Locations locations;
    std::uint32_t epoch = 0;
    BlobLocks blob_locks;
    GroupSync group_sync;
    AccountCache accounts;
    Rosters rosters;
    FolderCache<Columns> columns;  ///< by octets
    WaitingAccounts recent_claims;
    WaitingAccounts too_much_deleted;  ///< accounts that can restore more than they may
    Pressure pressure;
    std::mutex deletions;  ///< held while a deleted account's records are removed
    std::atomic<std::uint64_t> ids_since_sync{0};
    std::atomic<std::uint64_t> shapes{0};  ///< Account::shape() draws from here
    std::atomic<bool> written{false};      ///< something was written since the keeper last synced
    std::atomic<bool> full{false};
    std::function<void()> wake_keeper = [] {};
    std::function<Result<>(struct Job&)> commit;  ///< queues a job; set once the committer runs
    std::function<Result<>(struct Job&)> commit_and_wait;

private:
    Result<> flush();
};

}  // namespace postrider::mailstore
