#pragma once

#include <atomic>
#include <map>
#include <mutex>
#include <optional>
#include <shared_mutex>
#include <unordered_set>

#include "directory/entries.h"
#include "kv/kv.h"

namespace postrider::directory {

/// What one folder may hold. 0: no limit.
struct FolderQuota {
    std::uint64_t message_size_kb = 0;
    std::uint64_t message_count = 0;
    friend bool operator==(const FolderQuota&, const FolderQuota&) = default;
};
inline constexpr std::size_t max_folder_quotas = 10'000;  ///< folders of an owner with a quota of their own

/// Folders of an account, or of the owner of public folders, that may hold something else than each of its
/// folders.
using FolderQuotas = std::map<FolderId, FolderQuota>;

/// All of them in a store. Whose folders have any is kept in memory, 8 octets an owner, so that a delivery to
/// anybody else does not look into the store. One object per store; usable from any thread.
class FolderQuotaBook {
public:
    /// `store` must live longer.
    explicit FolderQuotaBook(kv::Store& store) : store_{store} {}
    /// Finds the owners. Before anything else.
    Result<> open();

    Result<FolderQuotas> of(AccountId owner) const;
    /// Of one folder; nothing when it may hold what each may: for every delivery.
    Result<std::optional<FolderQuota>> of(AccountId owner, FolderId folder) const;
    /// Replaces them all. Durable. DirectoryError::bad_value: more than max_folder_quotas.
    Result<> set(AccountId owner, const FolderQuotas& quotas);
    /// The owner goes with this batch.
    static void forget(AccountId owner, kv::Batch& batch);

private:
    kv::Store& store_;
    std::mutex setting_;  ///< one change at a time
    mutable std::shared_mutex mutex_;
    std::unordered_set<AccountId> owners_;  ///< and some, at times, who have none any longer
    std::atomic<bool> any_ = false;         ///< owners_ is not empty
};

}  // namespace postrider::directory
