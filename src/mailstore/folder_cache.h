#pragma once

#include <list>
#include <memory>
#include <mutex>
#include <unordered_map>

#include "mailstore/types.h"

namespace postrider::mailstore {

/// What is kept in memory of folders that were lately in use, each with a weight. Those that were longest not
/// used go when all together are too heavy.
template <class Kept>
class FolderCache {
public:
    explicit FolderCache(std::size_t most) : most_{most} {}

    std::size_t most() const { return most_; }

    std::shared_ptr<Kept> find(AccountId account, FolderId folder) {
        std::lock_guard lock{mutex_};
        auto at = entries_.find({account, folder});
        if (at == entries_.end()) return nullptr;
        used_.splice(used_.begin(), used_, at->second.use);
        return at->second.kept;
    }

    /// Puts it in the place of what is there, if `replaces(what is there)`. Not when it alone is too heavy.
    template <class Replaces>
    void put(AccountId account, FolderId folder, std::shared_ptr<Kept> kept, std::size_t weight,
             const Replaces& replaces) {
        std::lock_guard lock{mutex_};
        const Key key{account, folder};
        const auto at = entries_.find(key);
        const bool there = at != entries_.end();
        if (there && !replaces(*at->second.kept)) return;
        if (there) drop(at);
        if (weight > most_) return;
        used_.push_front(key);
        weight_ += weight;
        entries_.emplace(key, Entry{std::move(kept), weight, used_.begin()});
        while (weight_ > most_) drop(entries_.find(used_.back()));
    }

    /// Of an account whose records were repaired.
    void forget(AccountId account) {
        std::lock_guard lock{mutex_};
        for (auto at = entries_.begin(); at != entries_.end();) {
            auto next = std::next(at);
            if (at->first.account == account) drop(at);
            at = next;
        }
    }

    std::size_t weight() const {
        std::lock_guard lock{mutex_};
        return weight_;
    }

private:
    struct Key {
        AccountId account;
        FolderId folder;
        friend bool operator==(const Key&, const Key&) = default;
    };
    struct Hash {
        std::size_t operator()(const Key& key) const {
            return std::hash<std::uint64_t>{}(key.account.value() * 0x9e3779b97f4a7c15u + key.folder.value());
        }
    };
    struct Entry {
        std::shared_ptr<Kept> kept;
        std::size_t weight;
        typename std::list<Key>::iterator use;
    };
    using Entries = std::unordered_map<Key, Entry, Hash>;

    void drop(typename Entries::iterator at) {
        weight_ -= at->second.weight;
        used_.erase(at->second.use);
        entries_.erase(at);
    }

    const std::size_t most_;
    mutable std::mutex mutex_;
    std::size_t weight_ = 0;
    Entries entries_;
    std::list<Key> used_;  ///< most recent first
};

}  // namespace postrider::mailstore
