#include <algorithm>
#include <map>

#include "directory/impl.h"
#include "directory/keys.h"
#include "directory/names.h"

namespace postrider::directory {
namespace {

/// What a name of an object is to it.
struct Role {
    bool alias = false;
    std::int64_t expires = 0;
    friend bool operator==(const Role&, const Role&) = default;
};

/// Folded names of an object.
std::map<std::string, Role> folded_names(const records::Object& object) {
    std::map<std::string, Role> all;
    for (const TemporaryAlias& one : object.temporary)
        all.emplace(
            fold_local(one.name),
            Role{true,
                 std::chrono::duration_cast<std::chrono::seconds>(one.expires.time_since_epoch()).count()});
    for (const std::string& alias : object.aliases) all[fold_local(alias)] = Role{true, 0};
    all[fold_local(object.name)] = Role{};
    return all;
}

std::vector<std::string> member_keys(const records::Object* object, AccountId id) {
    std::vector<std::string> all;
    if (object == nullptr) return all;
    all.reserve(object->members.size());
    for (const mime::AddrSpec& member : object->members)
        all.push_back(keys::member(member.domain, fold_local(member.local), id));
    std::sort(all.begin(), all.end());
    all.erase(std::unique(all.begin(), all.end()), all.end());
    return all;
}

}  // namespace

Result<> Directory::Impl::commit(kv::Batch batch, kv::Durability durability) {
    auto written = store.write(std::move(batch), durability);
    if (!written)
        return fail(DirectoryError::storage, "the change could not be stored: " + written.error().what);
    return {};
}

void Directory::Impl::put_counters(kv::Batch& batch) const {
    batch.put(keys::counters(), encode(counters));
}

Result<> Directory::Impl::name_is_free(DomainId domain, std::string_view folded,
                                       std::string_view name) const {
    auto bytes = get(keys::name(domain, folded));
    if (!bytes) return std::unexpected(bytes.error());
    if (!*bytes) return {};
    auto taken = records::decode_name(**bytes);
    std::string by = taken ? std::string{word(taken->kind)} : "object";
    if (taken && taken->alias) by = "alias of a " + by;
    return fail(DirectoryError::exists, "the name '" + std::string{name} + "' is taken by another " + by);
}

Result<> Directory::Impl::put_object(kv::Batch& batch, AccountId id, const records::Object* before,
                                     const records::Object* after) const {
    const records::Object& any = after != nullptr ? *after : *before;
    std::map<std::string, Role> old_names =
        before != nullptr ? folded_names(*before) : std::map<std::string, Role>{};
    std::map<std::string, Role> new_names =
        after != nullptr ? folded_names(*after) : std::map<std::string, Role>{};
    if (after != nullptr) {
        if (after->aliases.size() > options.max_aliases)
            return fail(DirectoryError::not_allowed,
                        "more than " + std::to_string(options.max_aliases) + " aliases of one object");
        if (after->temporary.size() > options.max_aliases)
            return fail(DirectoryError::not_allowed,
                        "more than " + std::to_string(options.max_aliases)
                            + " temporary addresses of one account within thirty days");
        if (new_names.size() != after->aliases.size() + after->temporary.size() + 1)
            return fail(DirectoryError::exists, "two names of '" + after->name + "' differ in case alone");
        auto check = [&](const std::string& name) -> Result<> {
            std::string folded = fold_local(name);
            if (old_names.contains(folded)) return {};
            if (auto fault = local_name_fault(name))
                return fail(DirectoryError::bad_name, "'" + name + "': " + *fault);
            return name_is_free(any.domain, folded, name);
        };
        if (auto good = check(after->name); !good) return good;
        for (const std::string& alias : after->aliases)
            if (auto good = check(alias); !good) return good;
        for (const TemporaryAlias& one : after->temporary)
            if (auto good = check(one.name); !good) return good;
    }
    for (const auto& [folded, role] : old_names)
        if (!new_names.contains(folded)) batch.erase(keys::name(any.domain, folded));
    for (const auto& [folded, role] : new_names) {
        auto old = old_names.find(folded);
        if (old == old_names.end() || old->second != role)
            batch.put(keys::name(any.domain, folded),
                      encode(records::Name{id, any.kind, role.alias, role.expires}));
    }
    if (before != nullptr && (after == nullptr || before->name != after->name))
        batch.erase(keys::listed(any.domain, any.kind, fold_local(before->name)));
    if (after != nullptr && (before == nullptr || before->name != after->name)) {
        std::string value;
        put_be(value, id.value());
        put_string(value, after->name);
        batch.put(keys::listed(any.domain, any.kind, fold_local(after->name)), value);
    }
    ClassId old_class = before != nullptr ? before->class_id : ClassId{};
    ClassId new_class = after != nullptr ? after->class_id : ClassId{};
    if (old_class != new_class) {
        if (old_class.value() != 0) batch.erase(keys::class_user(old_class, id));
        if (new_class.value() != 0) batch.put(keys::class_user(new_class, id), "");
    }
    if (any.kind == ObjectKind::group || any.kind == ObjectKind::forwarder) {
        std::vector<std::string> old_keys = member_keys(before, id);
        std::vector<std::string> new_keys = member_keys(after, id);
        for (const std::string& key : old_keys)
            if (!std::binary_search(new_keys.begin(), new_keys.end(), key)) batch.erase(key);
        for (const std::string& key : new_keys)
            if (!std::binary_search(old_keys.begin(), old_keys.end(), key)) batch.put(key, "");
    }
    if (after != nullptr) {
        batch.put(keys::object(id), encode(*after));
    } else {
        batch.erase(keys::object(id));
        if (any.kind == ObjectKind::account) {
            batch.erase(keys::password(id));
            batch.erase(keys::settings(SettingsLevel::account(id)));
            if (options.erasing) options.erasing(id, batch);
            batch.erase(keys::contact(id));
        }
    }
    return {};
}

void Directory::Impl::forget(AccountId id, const records::Object& object) {
    for (const auto& [folded, role] : folded_names(object)) names.erase({object.domain, folded});
    objects.erase(id);
    account_settings.erase(id);
    ++membership_version;  // last: who reads the new one finds what it is about
}

Result<records::Object> Directory::Impl::update(AccountId id, std::string_view what,
                                                const std::function<Result<>(records::Object&)>& change) {
    auto before = need(id, what);
    if (!before) return before;
    records::Object after = *before;
    if (auto changed = change(after); !changed) return std::unexpected(changed.error());
    kv::Batch batch;
    if (auto put = put_object(batch, id, &*before, &after); !put) return std::unexpected(put.error());
    if (auto done = commit(std::move(batch)); !done) return std::unexpected(done.error());
    forget(id, *before);
    forget(id, after);
    return after;
}

Result<std::vector<AccountId>> Directory::Impl::readdress(kv::Batch& batch,
                                                          const std::vector<std::string>& from,
                                                          std::string_view from_local,
                                                          const mime::AddrSpec& to) {
    std::map<AccountId, records::Object> changed;
    for (const std::string& domain : from) {
        std::string begin =
            from_local.empty() ? keys::members_in(domain) : keys::member_of(domain, fold_local(from_local));
        auto cursor = store.scan(begin, keys::after(begin));
        for (; cursor->valid(); cursor->next()) {
            std::string_view key = cursor->key();
            if (key.size() < begin.size() + sizeof(std::uint64_t)) continue;
            Decoder tail{key.substr(key.size() - sizeof(std::uint64_t))};
            AccountId group{tail.be<std::uint64_t>()};
            if (changed.contains(group)) continue;
            auto object = read_object(group);
            if (!object) return std::unexpected(object.error());
            if (*object) changed.emplace(group, std::move(**object));
        }
        if (auto good = cursor->status(); !good) return fail(DirectoryError::storage, good.error().what);
    }
    std::string from_folded = fold_local(from_local);
    std::vector<AccountId> ids;
    for (auto& [group, before] : changed) {
        records::Object after = before;
        for (mime::AddrSpec& member : after.members) {
            if (std::find(from.begin(), from.end(), member.domain) == from.end()) continue;
            if (from_local.empty())
                member.domain = to.domain;
            else if (fold_local(member.local) == from_folded)
                member.local = to.local;
        }
        if (auto put = put_object(batch, group, &before, &after); !put) return std::unexpected(put.error());
        ids.push_back(group);
    }
    return ids;
}

}  // namespace postrider::directory
