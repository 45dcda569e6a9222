#include "mailstore/account_cache.h"

#include "mailstore/account_impl.h"

namespace postrider::mailstore {

Result<std::shared_ptr<AccountImpl>> AccountCache::get(AccountId id) {
    std::shared_ptr<AccountImpl> account;
    {
        std::lock_guard lock{mutex_};
        auto at = entries_.find(id);
        if (at != entries_.end()) {
            used_.splice(used_.begin(), used_, at->second.use);
            account = at->second.account;
        } else {
            account = std::make_shared<AccountImpl>(core_, id);
            used_.push_front(id);
            entries_.emplace(id, Entry{account, used_.begin()});
            evict();
        }
    }
    // Outside the lock, so that a slow disk holds up this account alone.
    auto ready = account->load();
    if (ready) return account;
    std::lock_guard lock{mutex_};
    auto at = entries_.find(id);
    if (at != entries_.end() && at->second.account == account) {
        used_.erase(at->second.use);
        entries_.erase(at);
    }
    return std::unexpected(ready.error());
}

void AccountCache::evict() {
    auto at = used_.end();
    for (int tries = 0; entries_.size() > capacity_ && at != used_.begin() && tries < 8; ++tries) {
        --at;
        auto entry = entries_.find(*at);
        if (entry->second.account.use_count() > 1) {  // in use: look at it again when it is old again
            auto busy = at++;
            used_.splice(used_.begin(), used_, busy);
            continue;
        }
        entries_.erase(entry);
        at = used_.erase(at);
    }
}

void AccountCache::forget(AccountId id) {
    std::lock_guard lock{mutex_};
    auto at = entries_.find(id);
    if (at == entries_.end()) return;
    used_.erase(at->second.use);
    entries_.erase(at);
}

std::vector<std::shared_ptr<AccountImpl>> AccountCache::loaded() const {
    std::lock_guard lock{mutex_};
    std::vector<std::shared_ptr<AccountImpl>> all;
    all.reserve(entries_.size());
    for (const auto& [id, entry] : entries_) all.push_back(entry.account);
    return all;
}

}  // namespace postrider::mailstore
