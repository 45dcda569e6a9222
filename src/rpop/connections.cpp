#include "rpop/connections.h"

#include <algorithm>

#include "auth/crypto.h"
#include "base/codec.h"

namespace postrider::rpop {
namespace {

using directory::DirectoryError;

constexpr std::chrono::seconds longest_pause = std::chrono::hours{24};
constexpr std::size_t max_name = 255;
constexpr std::size_t max_password = 1024;

std::unexpected<directory::Failure> fail(DirectoryError kind, std::string what) {
    return std::unexpected(directory::Failure{kind, std::move(what)});
}

std::uint64_t seconds(Time time) {
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count());
}

std::string key_of(char table, AccountId account, std::optional<std::uint32_t> id = {}) {
    std::string key{'P', table};
    put_be(key, account.value());
    if (id) put_be(key, *id);
    return key;
}
std::string due_key(Time due, AccountId account, std::uint32_t id) {
    std::string key = "Pd";
    put_be(key, seconds(due));
    put_be(key, account.value());
    put_be(key, id);
    return key;
}
std::string seen_key(const Connection& c, std::string_view uid) {
    return key_of('u', c.account, c.id).append(uid);
}
/// The first key behind all that begin with `prefix`.
std::string behind(std::string prefix) {
    while (!prefix.empty() && static_cast<unsigned char>(prefix.back()) == 0xff) prefix.pop_back();
    if (!prefix.empty()) prefix.back() = static_cast<char>(static_cast<unsigned char>(prefix.back()) + 1);
    return prefix;
}

bool printable(std::string_view text) {
    return std::ranges::none_of(text, [](char c) {
        auto octet = static_cast<unsigned char>(c);
        return octet < 0x20 || octet == 0x7f;
    });
}

}  // namespace

Connections::Result<Connection> Connections::checked(Connection c, const Change& given) const {
    if (given.enabled) c.enabled = *given.enabled;
    if (given.verify) c.verify = *given.verify;
    if (given.keep) c.keep = *given.keep;
    bool elsewhere = false;
    if (given.protocol)
        elsewhere = std::exchange(c.protocol, *given.protocol) != *given.protocol || elsewhere;
    if (given.security)
        elsewhere = std::exchange(c.security, *given.security) != *given.security || elsewhere;
    if (given.port)
        c.port = *given.port;
    else if (elsewhere)
        c.port = usual_port(c.protocol, c.security);
    if (given.host) c.host = *given.host;
    if (given.user) c.user = *given.user;
    if (given.folder) c.folder = *given.folder;
    if (given.remote_folder) c.remote_folder = *given.remote_folder;
    if (given.interval) c.interval = *given.interval;
    if (given.days) c.days = *given.days;
    if (given.password) {
        if (given.password->empty() || given.password->size() > max_password || !printable(*given.password))
            return fail(DirectoryError::bad_value,
                        "the password has 1 to 1024 octets and no control characters");
        c.sealed_password = auth::seal(key_, *given.password);
    }
    for (const auto& [text, what] :
         {std::pair{&c.host, "host"}, std::pair{&c.user, "user"}, std::pair{&c.folder, "folder"},
          std::pair{&c.remote_folder, "remote folder"}})
        if (text->empty() || text->size() > max_name || !printable(*text))
            return fail(DirectoryError::bad_value,
                        std::string{"the "} + what + " has 1 to 255 octets and no control characters");
    if (c.sealed_password.empty()) return fail(DirectoryError::bad_value, "the password is missing");
    if (c.port == 0) return fail(DirectoryError::bad_value, "the port is 1 to 65535");
    if (c.interval.count() < 0 || c.interval > std::chrono::hours{24 * 7})
        return fail(DirectoryError::bad_value, "the interval is at most a week");
    if (c.days > 3650) return fail(DirectoryError::bad_value, "days are at most 3650");
    return c;
}

void Connections::put(kv::Batch& batch, const Listed& listed, const Status* before) const {
    const Connection& c = listed.connection;
    batch.put(key_of('c', c.account, c.id), encode(c));
    batch.put(key_of('s', c.account, c.id), encode(listed.status));
    if (before) batch.erase(due_key(before->next, c.account, c.id));
    if (c.enabled) batch.put(due_key(listed.status.next, c.account, c.id), "");
}

Connections::Result<Connection> Connections::add(AccountId account, const Change& given) {
    auto settings = directory_.effective(account);
    if (!settings) return std::unexpected(settings.error());
    std::lock_guard lock{changing_};
    auto all = list(account);
    if (!all) return std::unexpected(all.error());
    if (all->size() >= (*settings)->rpop_connection_count)
        return fail(DirectoryError::not_allowed, "this account may have "
                                                     + std::to_string((*settings)->rpop_connection_count)
                                                     + " connections (rpopConnectionCount)");
    Connection c;
    c.port = 0;
    auto made = checked(c, [&] {
        Change change = given;
        if (!change.port)
            change.port =
                usual_port(given.protocol.value_or(c.protocol), given.security.value_or(c.security));
        return change;
    }());
    if (!made) return made;
    // Numbers are never given twice, or what an old connection has fetched would count for a new one.
    std::string counter = key_of('n', account);
    auto last = store_.get(counter);
    if (!last) return fail(DirectoryError::storage, last.error().what);
    std::uint32_t id = 1;
    if (*last) {
        Decoder in{**last};
        id = in.be<std::uint32_t>() + 1;
    }
    made->account = account;
    made->id = id;
    Status status;
    status.next = Time{std::chrono::seconds{static_cast<std::int64_t>(seconds(clock_.now()))}};
    kv::Batch batch;
    std::string value;
    put_be(value, id);
    batch.put(counter, value);
    put(batch, {*made, status}, nullptr);
    if (auto ok = store_.write(std::move(batch), kv::Durability::now); !ok)
        return fail(DirectoryError::storage, ok.error().what);
    return made;
}

Connections::Result<Connection> Connections::update(AccountId account, std::uint32_t id,
                                                    const Change& given) {
    std::lock_guard lock{changing_};
    auto found = find(account, id);
    if (!found) return std::unexpected(found.error());
    const Connection& before = found->connection;
    auto made = checked(before, given);
    if (!made) return made;
    Listed after{*made, found->status};
    after.status.failures = 0;
    after.status.next = Time{std::chrono::seconds{static_cast<std::int64_t>(seconds(clock_.now()))}};
    bool another = made->host != before.host || made->user != before.user || made->protocol != before.protocol
                   || made->remote_folder != before.remote_folder;
    if (another) after.status.uid_validity = after.status.last_uid = 0;
    kv::Batch batch;
    put(batch, after, &found->status);
    if (auto ok = store_.write(std::move(batch), kv::Durability::now); !ok)
        return fail(DirectoryError::storage, ok.error().what);
    return made;
}

Connections::Result<> Connections::remove(AccountId account, std::uint32_t id) {
    std::lock_guard lock{changing_};
    auto found = find(account, id);
    if (!found) return std::unexpected(found.error());
    kv::Batch batch;
    batch.erase(key_of('c', account, id));
    batch.erase(key_of('s', account, id));
    batch.erase(due_key(found->status.next, account, id));
    batch.erase_range(key_of('u', account, id), behind(key_of('u', account, id)));
    if (auto ok = store_.write(std::move(batch), kv::Durability::now); !ok)
        return fail(DirectoryError::storage, ok.error().what);
    return {};
}

void Connections::remove_all(AccountId account) {
    auto all = list(account);
    if (!all) return;
    for (const Listed& one : *all)
        if (!remove(account, one.connection.id)) return;
    kv::Batch batch;
    batch.erase(key_of('n', account));
    if (!store_.write(std::move(batch))) return;
}

Connections::Result<std::vector<Connections::Listed>> Connections::list(AccountId account) const {
    std::vector<Listed> all;
    const std::string begin = key_of('c', account);
    auto cursor = store_.scan(begin, behind(begin));
    for (; cursor->valid(); cursor->next()) {
        Decoder key{cursor->key().substr(begin.size())};
        auto connection = decode_connection(cursor->value());
        auto id = key.be<std::uint32_t>();
        if (!connection || !key.ok()) continue;
        connection->account = account;
        connection->id = id;
        Listed one{std::move(*connection), {}};
        if (auto status = store_.get(key_of('s', account, id)); status && *status)
            one.status = decode_status(**status).value_or(Status{});
        all.push_back(std::move(one));
    }
    if (auto ok = cursor->status(); !ok) return fail(DirectoryError::storage, ok.error().what);
    return all;
}

Connections::Result<Connections::Listed> Connections::find(AccountId account, std::uint32_t id) const {
    auto all = list(account);
    if (!all) return std::unexpected(all.error());
    for (Listed& one : *all)
        if (one.connection.id == id) return std::move(one);
    return fail(DirectoryError::not_found, "the account has no connection " + std::to_string(id));
}

Connections::Result<> Connections::run_now(AccountId account, std::uint32_t id) {
    std::lock_guard lock{changing_};
    auto found = find(account, id);
    if (!found) return std::unexpected(found.error());
    if (!found->connection.enabled)
        return fail(DirectoryError::not_allowed, "the connection is switched off");
    Status before = found->status;
    found->status.next = Time{std::chrono::seconds{static_cast<std::int64_t>(seconds(clock_.now()))}};
    kv::Batch batch;
    put(batch, *found, &before);
    if (auto ok = store_.write(std::move(batch), kv::Durability::soon); !ok)
        return fail(DirectoryError::storage, ok.error().what);
    return {};
}

std::vector<Connections::Listed> Connections::due(Time now, std::size_t limit) const {
    std::vector<Listed> found;
    std::vector<std::string> stale;
    auto cursor = store_.scan("Pd", due_key(now + 1s, AccountId{0}, 0));
    for (; cursor->valid() && found.size() < limit; cursor->next()) {
        Decoder key{cursor->key().substr(2)};
        key.be<std::uint64_t>();
        AccountId account{key.be<std::uint64_t>()};
        auto id = key.be<std::uint32_t>();
        auto one = find(account, id);
        if (one && one->connection.enabled)
            found.push_back(std::move(*one));
        else if (one || one.error().kind == DirectoryError::not_found)
            stale.emplace_back(cursor->key());
    }
    kv::Batch batch;
    for (const std::string& key : stale) batch.erase(key);
    if (!batch.empty() && !store_.write(std::move(batch))) return found;
    return found;
}

void Connections::finish(const Connection& connection, const Status& before, Status after) {
    std::lock_guard lock{changing_};
    auto now = find(connection.account, connection.id);
    if (!now) return;  // removed meanwhile
    kv::Batch batch;
    // It may have been changed, or asked for again, while it ran: then it is due as it was asked for.
    bool touched = now->status.next != before.next;
    if (touched) after.next = now->status.next;
    if (now->connection != connection) {  // perhaps another mailbox now
        after.uid_validity = now->status.uid_validity;
        after.last_uid = now->status.last_uid;
    }
    put(batch, {now->connection, after}, &now->status);
    if (!store_.write(std::move(batch), kv::Durability::soon)) return;
}

bool Connections::progress(const Connection& connection, const Status& status) {
    std::lock_guard lock{changing_};
    auto now = find(connection.account, connection.id);
    if (!now || now->connection != connection) return false;
    Status after = now->status;
    after.uid_validity = status.uid_validity;
    after.last_uid = status.last_uid;
    after.fetched = status.fetched;
    kv::Batch batch;
    batch.put(key_of('s', connection.account, connection.id), encode(after));
    return store_.write(std::move(batch), kv::Durability::now).has_value();
}

std::optional<std::string> Connections::password(const Connection& connection) const {
    auto open = auth::unseal(key_, connection.sealed_password);
    if (!open) return std::nullopt;
    return open->text();
}

std::chrono::seconds Connections::pause(const Connection& connection, const Status& status) const {
    std::chrono::minutes pause = connection.interval;
    if (auto settings = directory_.effective(connection.account))
        pause = std::max(pause, (*settings)->rpop_retrieval_interval);
    std::chrono::seconds long_pause = pause * (std::int64_t{1} << std::min(status.failures, 8u));
    return std::min(std::max<std::chrono::seconds>(long_pause, 60s),
                    std::max<std::chrono::seconds>(longest_pause, pause));
}

Connections::Seen Connections::seen(const Connection& connection) const {
    Seen all;
    const std::string begin = key_of('u', connection.account, connection.id);
    auto cursor = store_.scan(begin, behind(begin));
    for (; cursor->valid() && all.size() < max_seen; cursor->next()) {
        Decoder value{cursor->value()};
        all.emplace(cursor->key().substr(begin.size()), value.be<std::uint64_t>());
    }
    return all;
}

bool Connections::mark_seen(const Connection& connection, const std::string& uid) {
    std::string value;
    put_be(value, seconds(clock_.now()));
    kv::Batch batch;
    batch.put(seen_key(connection, uid), value);
    return store_.write(std::move(batch), kv::Durability::now).has_value();
}

void Connections::forget_seen(const Connection& connection, const std::vector<std::string>& uids) {
    kv::Batch batch;
    for (const std::string& uid : uids) batch.erase(seen_key(connection, uid));
    if (!batch.empty() && !store_.write(std::move(batch))) return;  // then the next retrieval forgets them
}

}  // namespace postrider::rpop
