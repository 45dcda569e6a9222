#pragma once

#include <cstddef>
#include <mutex>
#include <unordered_map>

#include "base/ids.h"

namespace postrider::imap {

/// How many sessions each account has (imapConnectionCount). Usable from any thread.
class AccountLimits {
public:
    /// Counts one session while it lives.
    class Place {
    public:
        Place() = default;
        Place(Place&& other) noexcept : limits_{other.limits_}, account_{other.account_} {
            other.limits_ = nullptr;
        }
        Place& operator=(Place&& other) noexcept {
            std::swap(limits_, other.limits_);
            std::swap(account_, other.account_);
            return *this;
        }
        ~Place() {
            if (limits_ != nullptr) limits_->leave(account_);
        }
        explicit operator bool() const { return limits_ != nullptr; }

    private:
        friend class AccountLimits;
        Place(AccountLimits& limits, AccountId account) : limits_{&limits}, account_{account} {}
        AccountLimits* limits_ = nullptr;
        AccountId account_;
    };

    /// An empty place when the account has `most` sessions already; 0 = no limit.
    Place enter(AccountId account, std::size_t most) {
        std::lock_guard lock{mutex_};
        std::size_t& count = sessions_[account];
        if (most != 0 && count >= most) return Place{};
        ++count;
        return Place{*this, account};
    }

private:
    void leave(AccountId account) {
        std::lock_guard lock{mutex_};
        auto found = sessions_.find(account);
        if (found != sessions_.end() && --found->second == 0) sessions_.erase(found);
    }

    std::mutex mutex_;
    std::unordered_map<AccountId, std::size_t> sessions_;
};

}  // namespace postrider::imap
