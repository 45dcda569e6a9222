#pragma once

#include <chrono>
#include <cstdint>
#include <mutex>
#include <string_view>
#include <unordered_map>

#include "base/clock.h"
#include "base/ids.h"

namespace postrider::auth {

/// Failed log-ins per address and per account, so that guessing is slow. An IPv6 address counts as its /64,
/// which one customer owns whole. Bounded: when it is full the half that was touched longest ago is
/// forgotten. Any thread.
///
/// An account that is being guessed at is not taken from its owner: from an address where it logged in within
/// the last day, its own count alone does not refuse it.
class Backoff {
public:
    struct Limits {
        unsigned account_failures = 10;
        unsigned ip_failures = 50;
        std::chrono::seconds window{600};
        std::size_t tracked = 50'000;
    };
    Backoff(const Clock& clock, Limits limits) : clock_{clock}, limits_{limits} {}

    /// 0: go on; else refuse, for that long. For an unknown account: a number made of its name.
    std::chrono::seconds refused(std::string_view ip, std::uint64_t account) const;
    /// How long to wait before the failure is answered: nothing for the first two, then doubling from 250 ms
    /// to 4 s.
    std::chrono::milliseconds failed(std::string_view ip, std::uint64_t account);
    /// Forgets the account's failures, and the address's if they were few: one good account must not let an
    /// address guess at others without end.
    void succeeded(std::string_view ip, std::uint64_t account);
    void forgive_ip(std::string_view ip);
    void forgive_account(std::uint64_t account);
    std::size_t tracked() const;

private:
    struct Entry {
        unsigned count = 0;
        Time last{};
    };
    using Key = std::uint64_t;
    /// Two halves: what is touched moves to the young one.
    struct Table {
        std::unordered_map<Key, Entry> young, old;
        const Entry* find(Key key) const;
        Entry& touch(Key key, std::size_t half);
        void erase(Key key) {
            young.erase(key);
            old.erase(key);
        }
    };

    unsigned count(const Table& table, Key key, std::chrono::seconds lifetime, Time now, Time* last) const;

    const Clock& clock_;
    const Limits limits_;
    mutable std::mutex mutex_;
    Table ips_, accounts_, known_;  // known_: account and address of successes
};

/// Numeric address to what it counts as: IPv4 whole, IPv6 its /64; anything else by its text. Pure.
std::uint64_t address_key(std::string_view ip);

}  // namespace postrider::auth
