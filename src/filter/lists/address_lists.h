#pragma once

#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/ids.h"
#include "filter/lists/address_patterns.h"
#include "kv/kv.h"

namespace postrider::filter {

/// Whose list it is.
class ListOwner {
public:
    enum class Level : std::uint8_t { server = 0, domain = 1, account = 2 };
    static ListOwner server() { return {Level::server, 0}; }
    static ListOwner domain(DomainId id) { return {Level::domain, id.value()}; }
    static ListOwner account(AccountId id) { return {Level::account, id.value()}; }
    Level level() const { return level_; }
    std::uint64_t id() const { return id_; }
    friend auto operator<=>(ListOwner, ListOwner) = default;

private:
    ListOwner(Level level, std::uint64_t id) : level_{level}, id_{id} {}
    Level level_;
    std::uint64_t id_;
};

enum class ListColour : std::uint8_t { white = 0, black = 1 };

enum class ListError : std::uint8_t { bad_pattern, full, storage };
struct ListFailure {
    ListError kind;
    std::string what;
};
template <class T = void>
using ListResult = std::expected<T, ListFailure>;

/// What the lists of one owner say of a sender. The more precise line is not looked for: white counts more
/// than black, because a line is made white by hand for what other lines are too broad for.
enum class ListVerdict : std::uint8_t { none, white, black };

/// Black- and whitelists of server, domains and accounts. Thread-safe; reading blocks on disk only when an
/// owner is not in memory. Records: docs/formats/trust.md.
class AddressLists {
public:
    static constexpr std::size_t max_lines = 10'000;     ///< of one list; the server's: ten times as many
    static constexpr std::size_t max_wildcards = 1'000;  ///< of one list: those are tried one by one
    static constexpr std::size_t cached_owners = 4'096;
    static constexpr std::size_t cached_lines = 500'000;

    explicit AddressLists(kv::Store& store) : store_{store} {}

    /// false: it was there already.
    ListResult<bool> add(ListOwner owner, ListColour colour, std::string_view pattern);
    /// false: it was not there.
    ListResult<bool> remove(ListOwner owner, ListColour colour, std::string_view pattern);
    ListResult<> reset(ListOwner owner, ListColour colour);
    /// Sorted.
    ListResult<std::vector<std::string>> list(ListOwner owner, ListColour colour);

    /// Of the addresses of a message's From field. Several: white only when all of them are, so that nobody
    /// gets in by naming a friend beside himself; else black when one is that is not white.
    ListResult<ListVerdict> judge(ListOwner owner, const std::vector<mime::AddrSpec>& from);
    ListResult<ListVerdict> judge_ip(ListOwner owner, const settings::Ip& ip);

    /// The owner is no more.
    void forget(ListOwner owner);
    /// Adds to a batch that all of them go.
    static void erase(ListOwner owner, kv::Batch& batch);

private:
    struct Lists {
        AddressPatterns white, black;
    };
    using Known = std::shared_ptr<const Lists>;
    struct Entry {
        ListOwner owner;
        Known lists;
    };
    struct HashOwner {
        std::size_t operator()(const ListOwner& owner) const {
            return std::hash<std::uint64_t>{}(owner.id() * 4 + static_cast<unsigned>(owner.level()));
        }
    };

    ListResult<Known> find(ListOwner owner);
    ListResult<std::vector<std::string>> read(ListOwner owner, ListColour colour) const;
    void drop(ListOwner owner);

    kv::Store& store_;
    std::mutex changing_;  ///< one change at a time, so that the limits hold
    std::mutex mutex_;
    std::uint64_t version_ = 0;  ///< of all changes: what was read before one must not be kept after it
    std::list<Entry> used_;      ///< the one used last is first
    std::unordered_map<ListOwner, std::list<Entry>::iterator, HashOwner> by_owner_;
    std::size_t lines_ = 0;
};

/// What is a sender's for lists and codes: the mailboxes of the From fields; at most 20.
std::vector<mime::AddrSpec> from_addresses(std::string_view header);

}  // namespace postrider::filter
