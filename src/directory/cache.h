#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>

namespace postrider::directory {

/// At most about `capacity` values by key, the long unused ones dropped first; any thread.
///
/// Half of a shard is young, half old: what is found in the old half moves to the young one, and when the
/// young half is full it becomes the old one. That costs no list to keep in order.
///
/// Never holds a value that was read before a change: a reader takes a Ticket at its miss, and put() refuses
/// the value if anything in the shard was erased since then. So a writer commits first and erases afterwards.
template <class Key, class Value, class Hash, class Equal = std::equal_to<>>
class Cache {
public:
    explicit Cache(std::size_t capacity) : half_{capacity / (2 * shard_count) + 1} {}

    struct Ticket {
        std::uint64_t version = 0;
    };

    template <class K>
    std::optional<Value> get(const K& key, Ticket& ticket) {
        Shard& shard = shard_of(key);
        std::lock_guard lock{shard.mutex};
        if (auto it = shard.young.find(key); it != shard.young.end()) {
            ++shard.hits;
            return it->second;
        }
        if (auto it = shard.old.find(key); it != shard.old.end()) {
            ++shard.hits;
            Value value = it->second;
            auto node = shard.old.extract(it);
            make_room(shard);
            shard.young.insert(std::move(node));
            return value;
        }
        ++shard.misses;
        ticket.version = shard.version;
        return std::nullopt;
    }

    void put(Key key, Value value, Ticket ticket) {
        Shard& shard = shard_of(key);
        std::lock_guard lock{shard.mutex};
        if (shard.version != ticket.version) return;
        shard.old.erase(key);
        make_room(shard);
        shard.young.insert_or_assign(std::move(key), std::move(value));
    }

    void erase(const Key& key) {
        Shard& shard = shard_of(key);
        std::lock_guard lock{shard.mutex};
        ++shard.version;
        shard.young.erase(key);
        shard.old.erase(key);
    }

    void clear() {
        for (Shard& shard : shards_) {
            std::lock_guard lock{shard.mutex};
            ++shard.version;
            shard.young.clear();
            shard.old.clear();
        }
    }

    struct Stats {
        std::uint64_t hits = 0, misses = 0;
        std::size_t size = 0;
    };
    Stats stats() const {
        Stats sum;
        for (const Shard& shard : shards_) {
            std::lock_guard lock{shard.mutex};
            sum.hits += shard.hits;
            sum.misses += shard.misses;
            sum.size += shard.young.size() + shard.old.size();
        }
        return sum;
    }

private:
    static constexpr std::size_t shard_count = 16;
    using Map = std::unordered_map<Key, Value, Hash, Equal>;
    struct alignas(64) Shard {
        mutable std::mutex mutex;
        Map young, old;
        std::uint64_t version = 0, hits = 0, misses = 0;
    };

    template <class K>
    Shard& shard_of(const K& key) {
        std::uint64_t mixed = static_cast<std::uint64_t>(Hash{}(key)) * 0x9e3779b97f4a7c15u;
        return shards_[mixed >> 60];
    }

    void make_room(Shard& shard) {
        if (shard.young.size() < half_) return;
        shard.old = std::move(shard.young);
        shard.young = Map{};
    }

    std::size_t half_;
    std::array<Shard, shard_count> shards_;
};

}  // namespace postrider::directory
