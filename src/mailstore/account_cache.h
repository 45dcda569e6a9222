#pragma once

#include <list>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "mailstore/types.h"

namespace postrider::mailstore {

struct Core;
class AccountImpl;

/// Accounts whose folder tables are in memory: the ones in use, and the most recently used of the rest. An
/// account is never there twice, because its lock is what serialises its changes.
class AccountCache {
public:
    AccountCache(Core& core, std::size_t capacity) : core_{core}, capacity_{capacity} {}

    /// Loads it when it is not there.
    Result<std::shared_ptr<AccountImpl>> get(AccountId account);
    /// Of a deleted or repaired account: the next get() loads afresh.
    void forget(AccountId account);
    std::vector<std::shared_ptr<AccountImpl>> loaded() const;

private:
    struct Entry {
        std::shared_ptr<AccountImpl> account;
        std::list<AccountId>::iterator use;
    };
    void evict();

    Core& core_;
    std::size_t capacity_;
    mutable std::mutex mutex_;
    std::unordered_map<AccountId, Entry> entries_;
    std::list<AccountId> used_;  ///< most recent first
};

}  // namespace postrider::mailstore
