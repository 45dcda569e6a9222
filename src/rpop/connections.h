#pragma once

#include <expected>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "directory/directory.h"
#include "kv/kv.h"
#include "rpop/connection.h"

namespace postrider::rpop {

/// What may be said of a connection; unset members stay as they are (or as they are by default).
struct Change {
    std::optional<bool> enabled, verify, keep;
    std::optional<Protocol> protocol;
    std::optional<Security> security;
    std::optional<std::uint16_t> port;  ///< not given with a new one: the usual port
    std::optional<std::string> host, user, password, folder, remote_folder;
    std::optional<std::chrono::minutes> interval;
    std::optional<unsigned> days;
};

/// The connections of all accounts and how far each has come, in the store. Changes are durable when they
/// return. Thread-safe. Everything may read the disk.
///
/// Passwords are stored sealed under a key that is not in the store, and never given out but to the
/// retriever.
class Connections {
public:
    template <class T = void>
    using Result = std::expected<T, directory::Failure>;
    struct Listed {
        Connection connection;
        Status status;
    };

    /// @param key  32 octets. All must live longer.
    Connections(kv::Store& store, const directory::Directory& directory, const Clock& clock, std::string key)
        : store_{store}, directory_{directory}, clock_{clock}, key_{std::move(key)} {}

    Result<Connection> add(AccountId account, const Change& given);  ///< due at once
    Result<Connection> update(AccountId account, std::uint32_t id, const Change& given);
    Result<> remove(AccountId account, std::uint32_t id);
    void remove_all(AccountId account);  ///< the account is gone
    Result<std::vector<Listed>> list(AccountId account) const;
    Result<Listed> find(AccountId account, std::uint32_t id) const;
    Result<> run_now(AccountId account, std::uint32_t id);  ///< makes it due

    // ---- for the retriever

    /// The ones that have been due for longest; those that are switched off are not among them.
    std::vector<Listed> due(Time now, std::size_t limit) const;
    /// Stores how it went and when it is due again.
    void finish(const Connection& connection, const Status& before, Status after);
    /// Durable: IMAP progress within a retrieval.
    bool progress(const Connection& connection, const Status& status);
    std::optional<std::string> password(const Connection& connection) const;
    /// The pause that the account and the connection want, longer after failures.
    std::chrono::seconds pause(const Connection& connection, const Status& status) const;

    using Seen =
        std::unordered_map<std::string, std::uint64_t>;  ///< UIDL -> when fetched, seconds since 1970
    static constexpr std::size_t max_seen = 100'000;     ///< of one connection
    Seen seen(const Connection& connection) const;
    bool mark_seen(const Connection& connection, const std::string& uid);  ///< durable; false: not stored
    void forget_seen(const Connection& connection, const std::vector<std::string>& uids);

private:
    Result<Connection> checked(Connection connection, const Change& given) const;
    void put(kv::Batch& batch, const Listed& listed, const Status* before) const;

    kv::Store& store_;
    const directory::Directory& directory_;
    const Clock& clock_;
    const std::string key_;
    mutable std::mutex changing_;
};

}  // namespace postrider::rpop
