#pragma once

#include <map>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>

#include "base/clock.h"
#include "base/codec.h"
#include "kv/kv.h"

namespace postrider::kv {

inline constexpr std::chrono::seconds one_day{86'400};

/// What is counted by UTC day and name, in memory, and written now and then: reports that are due on the day
/// after. A key is the prefix, be32 day since 1970-01-01, the name. Thread-safe.
///
/// `Record` is made empty, has `std::string encode() const` and `static std::optional<Record>
/// decode(std::string_view)`.
template <class Record>
class Daily {
public:
    using Day = std::uint32_t;
    using Key = std::pair<Day, std::string>;

    /// Store and clock must live longer. @param prefix  two octets that no other key begins with
    /// @param most  further names of a day are not counted
    Daily(Store& store, const Clock& clock, std::string_view prefix, std::size_t most)
        : store_{store}, clock_{clock}, prefix_{prefix}, most_{most} {}

    Day today() const { return static_cast<Day>(clock_.now().time_since_epoch() / one_day); }
    static Time midnight(Day day) { return Time{one_day * day}; }

    /// What an earlier run has left; blocks. Records that cannot be read go.
    Result<> load() {
        Batch gone;
        std::lock_guard lock{mutex_};
        std::string end = prefix_;
        ++end.back();
        auto cursor = store_.scan(prefix_, end, nullptr, Access::many);
        for (; cursor->valid(); cursor->next()) {
            Decoder key{cursor->key().substr(prefix_.size())};
            const Day day = key.be<Day>();
            auto record = Record::decode(cursor->value());
            if (key.ok() && record && records_.size() < most_)
                records_.emplace(Key{day, key.rest()}, std::move(*record));
            else
                gone.erase(cursor->key());
        }
        if (auto ok = cursor->status(); !ok) return ok;
        return gone.empty() ? Result<>{} : store_.write(std::move(gone));
    }

    /// What has changed since; blocks.
    Result<> save() {
        Batch batch;
        std::set<Key> written;
        {
            std::lock_guard lock{mutex_};
            written.swap(changed_);
            for (const Key& key : written)
                if (auto at = records_.find(key); at != records_.end())
                    batch.put(key_of(key), at->second.encode());
        }
        if (batch.empty()) return {};
        auto ok = store_.write(std::move(batch));
        if (!ok) {
            std::lock_guard lock{mutex_};
            changed_.merge(written);
        }
        return ok;
    }

    /// Lets `count` change today's record of a name.
    template <class Count>
    void note(std::string name, const Count& count) {
        Key key{today(), std::move(name)};
        std::lock_guard lock{mutex_};
        auto at = records_.find(key);
        if (at == records_.end()) {
            if (records_.size() >= most_) return;
            at = records_.emplace(key, Record{}).first;
        }
        count(at->second);
        changed_.insert(std::move(key));
    }

    /// The first one behind `after` whose day has been over for so long.
    std::optional<std::pair<Key, Record>> next_due(const Key& after, std::chrono::seconds delay) const {
        std::lock_guard lock{mutex_};
        auto at = records_.upper_bound(after);
        if (at == records_.end() || clock_.now() < midnight(at->first.first + 1) + delay) return std::nullopt;
        return std::pair{at->first, at->second};
    }

    Result<> forget(const Key& key) {
        Batch batch;
        batch.erase(key_of(key));
        {
            std::lock_guard lock{mutex_};
            records_.erase(key);
            changed_.erase(key);
        }
        return store_.write(std::move(batch));
    }

    std::size_t size() const {
        std::lock_guard lock{mutex_};
        return records_.size();
    }

private:
    std::string key_of(const Key& key) const {
        std::string out = prefix_;
        put_be(out, key.first);
        return out.append(key.second);
    }

    Store& store_;
    const Clock& clock_;
    const std::string prefix_;
    const std::size_t most_;
    mutable std::mutex mutex_;
    std::map<Key, Record> records_;
    std::set<Key> changed_;
};

}  // namespace postrider::kv
