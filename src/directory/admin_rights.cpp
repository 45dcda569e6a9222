// Groups of administrators, who is in which, and what they may do.

#include <algorithm>
#include <set>

#include "directory/impl.h"
#include "directory/keys.h"
#include "directory/names.h"
#include "directory/permissions.h"

namespace postrider::directory {
namespace {

constexpr std::size_t max_rights = 1000;
constexpr std::size_t max_parents = 64;
constexpr std::size_t max_groups_followed = 1000;

Result<AdminGroup> read_group(const Directory::Impl& impl, std::string_view name) {
    auto bytes = impl.get(keys::admin_group(fold_local(name)));
    if (!bytes) return std::unexpected(bytes.error());
    if (!*bytes)
        return fail(DirectoryError::not_found, "there is no administrator group '" + std::string{name} + "'");
    auto read = records::decode_admin_group(**bytes);
    if (!read) return fail(DirectoryError::storage, "the record of an administrator group is damaged");
    return std::move(*read);
}

Result<AdminRights> read_rights(const Directory::Impl& impl, Principal kind, std::string_view name) {
    auto bytes = impl.get(keys::rights(kind, fold_local(name)));
    if (!bytes) return std::unexpected(bytes.error());
    if (!*bytes) return AdminRights{};
    auto read = records::decode_admin_rights(**bytes);
    if (!read) return fail(DirectoryError::storage, "the rights of '" + std::string{name} + "' are damaged");
    return std::move(*read);
}

/// What the rights themselves say of a permission; nothing: nothing. @param name  as it is spelled
std::optional<bool> said(const AdminRights& rights, std::string_view name, DomainId domain) {
    for (const AdminRight& one : rights.rights)
        if (one.permission == name && one.domain == domain) return one.granted;
    return std::nullopt;
}

struct Visit {
    Principal kind;
    std::string name;
};

/// Calls `at` for all principals of one distance at once, nearest first, until it answers something.
template <class At>
Result<bool> outward(const Directory::Impl& impl, Principal kind, std::string_view name, At&& at) {
    std::set<std::string> seen;
    std::vector<Visit> here{{kind, std::string{name}}};
    while (!here.empty()) {
        std::vector<AdminRights> ring;
        std::vector<Visit> next;
        for (const Visit& one : here) {
            auto rights = read_rights(impl, one.kind, one.name);
            if (!rights) return std::unexpected(rights.error());
            for (const std::string& parent : rights->parents)
                if (seen.size() < max_groups_followed && seen.insert(fold_local(parent)).second)
                    next.push_back({Principal::group, parent});
            ring.push_back(std::move(*rights));
        }
        if (std::optional<bool> answer = at(ring)) return *answer;
        here = std::move(next);
    }
    return false;
}

/// One ring's word: DENY counts before GRANT.
std::optional<bool> ring_says(const std::vector<AdminRights>& ring, std::string_view permission,
                              DomainId domain) {
    std::optional<bool> answer;
    for (const AdminRights& rights : ring) {
        auto one = said(rights, permission, domain);
        if (one) answer = answer.value_or(true) && *one;
    }
    return answer;
}

}  // namespace

Result<> Directory::create_admin_group(std::string_view name, std::string_view description) {
    if (auto fault = label_fault(name))
        return fail(DirectoryError::bad_name, "'" + std::string{name} + "': " + *fault);
    if (description.size() > 1024)
        return fail(DirectoryError::bad_value, "a description has at most 1024 octets");
    std::lock_guard lock{impl_->writing};
    auto taken = read_group(*impl_, name);
    if (taken)
        return fail(DirectoryError::exists,
                    "there is an administrator group '" + std::string{name} + "' already");
    if (taken.error().kind != DirectoryError::not_found) return std::unexpected(taken.error());
    kv::Batch batch;
    batch.put(keys::admin_group(fold_local(name)),
              records::encode(AdminGroup{std::string{name}, std::string{description}}));
    return impl_->commit(std::move(batch));
}

Result<> Directory::change_admin_group(std::string_view name, std::string_view description) {
    if (description.size() > 1024)
        return fail(DirectoryError::bad_value, "a description has at most 1024 octets");
    std::lock_guard lock{impl_->writing};
    auto group = read_group(*impl_, name);
    if (!group) return std::unexpected(group.error());
    group->description = description;
    kv::Batch batch;
    batch.put(keys::admin_group(fold_local(name)), records::encode(*group));
    return impl_->commit(std::move(batch));
}

Result<> Directory::delete_admin_group(std::string_view name, Delete how) {
    std::lock_guard lock{impl_->writing};
    auto group = read_group(*impl_, name);
    if (!group) return std::unexpected(group.error());
    kv::Batch batch;
    std::string folded = fold_local(name);
    batch.erase(keys::admin_group(folded));
    batch.erase(keys::rights(Principal::group, folded));
    for (Principal kind : {Principal::user, Principal::group}) {
        std::string begin = keys::rights_of(kind);
        auto cursor = impl_->store.scan(begin, keys::after(begin));
        for (; cursor->valid(); cursor->next()) {
            auto rights = records::decode_admin_rights(cursor->value());
            if (!rights) continue;
            auto gone = std::erase_if(rights->parents,
                                      [&](const std::string& one) { return fold_local(one) == folded; });
            if (gone == 0) continue;
            if (how == Delete::refuse_when_not_empty)
                return fail(DirectoryError::in_use,
                            "the administrator group '" + group->name + "' has members");
            batch.put(cursor->key(), records::encode(*rights));
        }
        if (auto good = cursor->status(); !good) return fail(DirectoryError::storage, good.error().what);
    }
    return impl_->commit(std::move(batch));
}

Result<AdminGroup> Directory::admin_group(std::string_view name) const {
    return read_group(*impl_, name);
}

Result<std::vector<AdminGroup>> Directory::admin_groups() const {
    std::vector<AdminGroup> all;
    std::string begin = keys::of('g');
    auto cursor = impl_->store.scan(begin, keys::after(begin));
    for (; cursor->valid(); cursor->next()) {
        auto read = records::decode_admin_group(cursor->value());
        if (!read) return fail(DirectoryError::storage, "the record of an administrator group is damaged");
        all.push_back(std::move(*read));
    }
    if (auto good = cursor->status(); !good) return fail(DirectoryError::storage, good.error().what);
    return all;
}

Result<AdminRights> Directory::admin_rights(Principal kind, std::string_view name) const {
    return read_rights(*impl_, kind, name);
}

Result<> Directory::set_admin_rights(Principal kind, std::string_view name, const AdminRights& rights) {
    if (rights.rights.size() > max_rights || rights.parents.size() > max_parents)
        return fail(DirectoryError::not_allowed,
                    "an administrator has at most 1000 rights and is in at most 64 groups");
    std::lock_guard lock{impl_->writing};
    if (kind == Principal::user) {
        if (auto there = admin(name); !there) return std::unexpected(there.error());
    } else if (auto there = read_group(*impl_, name); !there) {
        return std::unexpected(there.error());
    }
    AdminRights checked;
    for (const std::string& parent : rights.parents) {
        auto group = read_group(*impl_, parent);
        if (!group) return std::unexpected(group.error());
        std::string folded = fold_local(parent);
        // Looked for among all groups above the parent, so that no group is above itself.
        auto looped = kind == Principal::user ? Result<bool>{false}
                                              : outward(*impl_, Principal::group, parent,
                                                        [&](const std::vector<AdminRights>& ring) {
                                                            for (const AdminRights& one : ring)
                                                                for (const std::string& above : one.parents)
                                                                    if (fold_local(above) == fold_local(name))
                                                                        return std::optional{true};
                                                            return std::optional<bool>{};
                                                        });
        if (!looped) return std::unexpected(looped.error());
        if (*looped || (kind == Principal::group && folded == fold_local(name)))
            return fail(DirectoryError::not_allowed,
                        "the group '" + parent + "' is a member of '" + std::string{name} + "'");
        checked.parents.push_back(group->name);
    }
    for (const AdminRight& right : rights.rights) {
        bool on_server = right.domain.value() == 0;
        auto known = on_server ? server_permission(right.permission) : domain_permission(right.permission);
        if (!known)
            return fail(DirectoryError::bad_value, "'" + right.permission + "' is no permission on "
                                                       + (on_server ? "the server" : "a domain"));
        std::erase_if(checked.rights, [&](const AdminRight& one) {
            return one.permission == *known && one.domain == right.domain;
        });
        checked.rights.push_back({std::string{*known}, right.domain, right.granted});
    }
    kv::Batch batch;
    batch.put(keys::rights(kind, fold_local(name)), records::encode(checked));
    return impl_->commit(std::move(batch));
}

Result<bool> Directory::admin_may(Principal kind, std::string_view name, std::string_view permission,
                                  DomainId domain) const {
    if (kind == Principal::user) {
        auto who = admin(name);
        if (!who) return std::unexpected(who.error());
        if (!who->enabled) return false;
        if (who->built_in || who->super_user) return true;
    }
    return outward(*impl_, kind, name, [&](const std::vector<AdminRights>& ring) {
        auto answer = ring_says(ring, permission, domain);
        if (!answer && domain.value() != 0) answer = ring_says(ring, any_domain_form(permission), DomainId{});
        return answer;
    });
}

Result<std::size_t> Directory::purge_admin_rights() {
    std::lock_guard lock{impl_->writing};
    kv::Batch batch;
    std::size_t count = 0;
    for (Principal kind : {Principal::user, Principal::group}) {
        std::string begin = keys::rights_of(kind);
        auto cursor = impl_->store.scan(begin, keys::after(begin));
        for (; cursor->valid(); cursor->next()) {
            auto rights = records::decode_admin_rights(cursor->value());
            if (!rights) continue;
            auto gone = std::erase_if(rights->rights, [&](const AdminRight& one) {
                return one.domain.value() != 0 && impl_->domains.find(one.domain) == nullptr;
            });
            if (gone == 0) continue;
            count += gone;
            batch.put(cursor->key(), records::encode(*rights));
        }
        if (auto good = cursor->status(); !good) return fail(DirectoryError::storage, good.error().what);
    }
    if (count == 0) return count;
    if (auto done = impl_->commit(std::move(batch)); !done) return std::unexpected(done.error());
    return count;
}

}  // namespace postrider::directory
