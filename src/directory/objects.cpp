// What accounts, groups, forwarders and folder recipients have in common: names, aliases, being switched on.

#include <algorithm>

#include "directory/impl.h"
#include "directory/keys.h"
#include "directory/names.h"

namespace postrider::directory {
namespace {

enum class Which { account, other };

Result<> right_kind(const records::Object& object, Which which) {
    if ((object.kind == ObjectKind::account) == (which == Which::account)) return {};
    return fail(DirectoryError::not_found, which == Which::account
                                               ? "there is no such account"
                                               : "there is no such group, forwarder or folder recipient");
}

Result<> rename(Directory::Impl& impl, AccountId id, std::string_view name, Which which) {
    DomainId domain_id;
    {
        std::lock_guard lock{impl.writing};
        auto before = impl.need(id, word(ObjectKind::account));
        if (!before) return std::unexpected(before.error());
        if (auto good = right_kind(*before, which); !good) return good;
        if (fold_local(before->name) == fold_local("postmaster"))
            return fail(DirectoryError::not_allowed,
                        "the postmaster keeps its name (RFC 5321 asks for one in every domain)");
        records::Object after = *before;
        after.name = name;
        // A name that was an alias of the same object is an alias no more.
        std::string folded = fold_local(name);
        std::erase_if(after.aliases, [&](const std::string& alias) { return fold_local(alias) == folded; });
        std::erase_if(after.temporary,
                      [&](const TemporaryAlias& one) { return fold_local(one.name) == folded; });
        kv::Batch batch;
        if (auto put = impl.put_object(batch, id, &*before, &after); !put) return put;

        // Who refers to it by name: groups of any domain, and the catch-all of its own.
        domain_id = before->domain;
        auto domain = impl.domains.find(domain_id);
        std::vector<std::string> domain_names{domain->name};
        domain_names.insert(domain_names.end(), domain->aliases.begin(), domain->aliases.end());
        auto groups = impl.readdress(batch, domain_names, before->name, {after.name, {}});
        if (!groups) return std::unexpected(groups.error());
        std::shared_ptr<Domain> moved;
        if (domain->catch_all == Domain::CatchAll::account
            && fold_local(domain->catch_all_target) == fold_local(before->name)) {
            moved = std::make_shared<Domain>(*domain);
            moved->catch_all_target = after.name;
            batch.put(keys::domain(domain_id),
                      records::encode(*moved, moved->enabled ? records::DomainState::enabled
                                                             : records::DomainState::disabled));
        }
        if (auto done = impl.commit(std::move(batch)); !done) return done;
        impl.forget(id, *before);
        impl.forget(id, after);
        for (AccountId group : *groups) impl.objects.erase(group);
        if (moved != nullptr) impl.domains.put(std::move(moved));
    }
    if (which == Which::account) impl.tell(ChangeEvent::Kind::account_changed, domain_id, id);
    return {};
}

Result<> add_alias(Directory::Impl& impl, AccountId id, std::string_view alias, Which which) {
    std::lock_guard lock{impl.writing};
    auto done = impl.update(id, word(ObjectKind::account), [&](records::Object& object) -> Result<> {
        if (auto good = right_kind(object, which); !good) return good;
        std::string folded = fold_local(alias);
        bool own = fold_local(object.name) == folded
                   || std::any_of(object.aliases.begin(), object.aliases.end(),
                                  [&](const std::string& other) { return fold_local(other) == folded; });
        if (own) return fail(DirectoryError::exists, "'" + std::string{alias} + "' is already a name of it");
        // A temporary address may stay for good.
        std::erase_if(object.temporary,
                      [&](const TemporaryAlias& one) { return fold_local(one.name) == folded; });
        object.aliases.emplace_back(alias);
        return {};
    });
    if (!done) return std::unexpected(done.error());
    return {};
}

Result<> remove_alias(Directory::Impl& impl, AccountId id, std::string_view alias, Which which) {
    std::lock_guard lock{impl.writing};
    auto done = impl.update(id, word(ObjectKind::account), [&](records::Object& object) -> Result<> {
        if (auto good = right_kind(object, which); !good) return good;
        std::string folded = fold_local(alias);
        if (std::erase_if(object.aliases,
                          [&](const std::string& other) { return fold_local(other) == folded; })
            == 0)
            return fail(DirectoryError::not_found,
                        "'" + object.name + "' has no alias '" + std::string{alias} + "'");
        return {};
    });
    if (!done) return std::unexpected(done.error());
    return {};
}

}  // namespace

Result<> Directory::rename_account(AccountId id, std::string_view name) {
    return rename(*impl_, id, name, Which::account);
}
Result<> Directory::rename_object(AccountId id, std::string_view name) {
    return rename(*impl_, id, name, Which::other);
}
Result<> Directory::add_account_alias(AccountId id, std::string_view alias) {
    return add_alias(*impl_, id, alias, Which::account);
}
Result<> Directory::add_object_alias(AccountId id, std::string_view alias) {
    return add_alias(*impl_, id, alias, Which::other);
}
Result<> Directory::remove_account_alias(AccountId id, std::string_view alias) {
    return remove_alias(*impl_, id, alias, Which::account);
}
Result<> Directory::remove_object_alias(AccountId id, std::string_view alias) {
    return remove_alias(*impl_, id, alias, Which::other);
}

Result<> Directory::delete_object(AccountId id) {
    std::lock_guard lock{impl_->writing};
    auto object = impl_->need(id, "group, forwarder or folder recipient");
    if (!object) return std::unexpected(object.error());
    if (auto good = right_kind(*object, Which::other); !good) return good;
    kv::Batch batch;
    if (auto put = impl_->put_object(batch, id, &*object, nullptr); !put) return put;
    if (auto done = impl_->commit(std::move(batch)); !done) return done;
    impl_->forget(id, *object);
    return {};
}

Result<> Directory::change_object(AccountId id, const ObjectChange& change) {
    std::lock_guard lock{impl_->writing};
    auto done =
        impl_->update(id, "group, forwarder or folder recipient", [&](records::Object& object) -> Result<> {
            if (auto good = right_kind(object, Which::other); !good) return good;
            if (change.enabled) object.enabled = *change.enabled;
            if (change.publish_contact) object.publish_contact = *change.publish_contact;
            if (change.folder) {
                if (object.kind != ObjectKind::folder_recipient || change.folder->empty()
                    || folder_detail(*change.folder) != *change.folder)
                    return fail(DirectoryError::bad_value,
                                "a folder recipient has the path of a public folder");
                object.folder = *change.folder;
            }
            if (change.send_as) {
                if (object.kind == ObjectKind::forwarder)
                    return fail(DirectoryError::bad_value, "nobody sends in the name of a forwarder");
                object.send_as = *change.send_as;
            }
            return {};
        });
    if (!done) return std::unexpected(done.error());
    return {};
}

Result<ListedObject> Directory::object(DomainId domain, std::string_view name) const {
    auto named = impl_->find_name({domain, fold_local(name)});
    if (!named) return std::unexpected(named.error());
    if (named->id.value() == 0)
        return fail(DirectoryError::not_found, "nothing is called '" + std::string{name} + "' there");
    auto entry = impl_->find_object(named->id);
    if (!entry) return std::unexpected(entry.error());
    ListedObject found{named->id, named->kind, {}};
    if (auto* account = std::get_if<std::shared_ptr<const AccountEntry>>(&*entry))
        found.name = (*account)->name;
    else if (auto* group = std::get_if<std::shared_ptr<const GroupEntry>>(&*entry))
        found.name = (*group)->name;
    else if (auto* recipient = std::get_if<std::shared_ptr<const FolderRecipient>>(&*entry))
        found.name = (*recipient)->name;
    else
        return fail(DirectoryError::not_found, "nothing is called '" + std::string{name} + "' there");
    return found;
}

}  // namespace postrider::directory
