// Addresses that an account has for a while.

#include <sys/random.h>

#include <algorithm>

#include "directory/impl.h"
#include "directory/keys.h"
#include "directory/names.h"

namespace postrider::directory {
namespace {

/// For so long nobody else gets the name: mail to it was meant for somebody.
constexpr std::chrono::seconds kept_for = std::chrono::hours{24 * 30};
constexpr std::size_t generated_length = 12;
constexpr std::size_t swept_at_once = 1000;

Time to_seconds(Time time) {
    return Time{std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch())};
}

std::uint64_t number(Time time) {
    return static_cast<std::uint64_t>(
        std::chrono::duration_cast<std::chrono::seconds>(time.time_since_epoch()).count());
}

/// 32 letters and digits that cannot be mistaken for each other: 60 bits of chance.
Result<std::string> unguessable_name() {
    unsigned char random[generated_length];
    if (getrandom(random, sizeof random, 0) != static_cast<ssize_t>(sizeof random))
        return fail(DirectoryError::storage, "the system gives no random numbers");
    std::string name;
    for (unsigned char octet : random) name.push_back("abcdefghijkmnpqrstuvwxyz23456789"[octet % 32]);
    return name;
}

}  // namespace

Result<TemporaryAlias> Directory::add_temporary_alias(AccountId id, std::string_view name,
                                                      std::chrono::seconds life) {
    auto limits = effective(id);
    if (!limits) return std::unexpected(limits.error());
    const std::chrono::seconds longest = std::chrono::hours{24 * (*limits)->temporary_aliases_days};
    if (life.count() <= 0 || life > longest)
        return fail(DirectoryError::bad_value, "a temporary address of this account lives 1 second to "
                                                   + std::to_string((*limits)->temporary_aliases_days)
                                                   + " days");
    std::lock_guard lock{impl_->writing};
    TemporaryAlias made{std::string{name}, to_seconds(impl_->clock.now() + life)};
    if (name.empty()) {
        auto unguessable = unguessable_name();
        if (!unguessable) return std::unexpected(unguessable.error());
        made.name = std::move(*unguessable);
    }
    const Time now = impl_->clock.now();
    auto before = impl_->need(id, word(ObjectKind::account));
    if (!before) return std::unexpected(before.error());
    if (before->kind != ObjectKind::account)
        return fail(DirectoryError::not_found, "there is no such account");
    records::Object after = *before;
    std::string folded = fold_local(made.name);
    std::erase_if(after.temporary, [&](const TemporaryAlias& one) { return fold_local(one.name) == folded; });
    auto active =
        std::ranges::count_if(after.temporary, [&](const TemporaryAlias& one) { return one.expires > now; });
    if (static_cast<std::size_t>(active) >= (*limits)->temporary_aliases_count)
        return fail(DirectoryError::not_allowed, "this account may have "
                                                     + std::to_string((*limits)->temporary_aliases_count)
                                                     + " temporary addresses at once");
    bool permanent =
        fold_local(after.name) == folded || std::ranges::any_of(after.aliases, [&](const std::string& alias) {
            return fold_local(alias) == folded;
        });
    if (permanent) return fail(DirectoryError::exists, "'" + made.name + "' is a lasting name of it");
    after.temporary.push_back(made);
    kv::Batch batch;
    if (auto put = impl_->put_object(batch, id, &*before, &after); !put) return std::unexpected(put.error());
    batch.put(keys::sweep(number(made.expires + kept_for), id), "");
    if (auto done = impl_->commit(std::move(batch)); !done) return std::unexpected(done.error());
    impl_->forget(id, *before);
    impl_->forget(id, after);
    return made;
}

Result<> Directory::remove_temporary_alias(AccountId id, std::string_view name) {
    std::lock_guard lock{impl_->writing};
    auto before = impl_->need(id, word(ObjectKind::account));
    if (!before) return std::unexpected(before.error());
    const Time now = to_seconds(impl_->clock.now());
    records::Object after = *before;
    auto at = std::ranges::find_if(after.temporary, [&](const TemporaryAlias& one) {
        return fold_local(one.name) == fold_local(name) && one.expires > now;
    });
    if (at == after.temporary.end())
        return fail(DirectoryError::not_found,
                    "'" + std::string{name} + "' is no temporary address of this account");
    at->expires = now;
    kv::Batch batch;
    if (auto put = impl_->put_object(batch, id, &*before, &after); !put) return put;
    batch.put(keys::sweep(number(now + kept_for), id), "");
    if (auto done = impl_->commit(std::move(batch)); !done) return done;
    impl_->forget(id, *before);
    return {};
}

Result<std::size_t> Directory::sweep_temporary_aliases() {
    const Time now = impl_->clock.now();
    std::size_t forgotten = 0;
    std::lock_guard lock{impl_->writing};
    std::vector<std::pair<std::string, AccountId>> due;
    {
        auto cursor = impl_->store.scan(keys::sweep_begin(), keys::sweep(number(now) + 1, AccountId{0}));
        for (; cursor->valid() && due.size() < swept_at_once; cursor->next()) {
            Decoder key{cursor->key().substr(keys::sweep_begin().size())};
            key.be<std::uint64_t>();
            due.emplace_back(cursor->key(), AccountId{key.be<std::uint64_t>()});
        }
        if (auto good = cursor->status(); !good) return fail(DirectoryError::storage, good.error().what);
    }
    for (const auto& [key, id] : due) {
        kv::Batch batch;
        batch.erase(key);
        auto before = impl_->read_object(id);
        if (!before) return std::unexpected(before.error());
        if (*before) {
            records::Object after = **before;
            forgotten += std::erase_if(
                after.temporary, [&](const TemporaryAlias& one) { return one.expires + kept_for <= now; });
            if (auto put = impl_->put_object(batch, id, &**before, &after); !put)
                return std::unexpected(put.error());
        }
        if (auto done = impl_->commit(std::move(batch), kv::Durability::soon); !done)
            return std::unexpected(done.error());
        if (*before) impl_->forget(id, **before);
    }
    return forgotten;
}

}  // namespace postrider::directory
