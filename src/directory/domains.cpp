#include <algorithm>
#include <set>

#include "directory/impl.h"
#include "directory/keys.h"
#include "directory/names.h"
#include "settings/address.h"
#include "text/utf8.h"

namespace postrider::directory {
namespace {

constexpr std::size_t deletion_chunk = 1000;  // objects erased in one batch

std::unexpected<Failure> no_domain() {
    return fail(DirectoryError::not_found, "there is no such domain");
}

Result<std::string> free_domain_name(const DomainTable& domains, std::string_view name) {
    auto normal = normal_domain(name);
    if (!normal)
        return fail(DirectoryError::bad_name, "'" + std::string{name} + "' is not a domain's name: labels of letters, "
                                              "digits and '-' with dots between them are expected");
    if (auto taken = domains.find(*normal))
        return fail(DirectoryError::exists,
                    "'" + *normal + "' is already the domain or an alias of '" + taken->name + "'");
    return *normal;
}

std::string encode_domain(const Domain& domain) {
    return records::encode(domain,
                           domain.enabled ? records::DomainState::enabled : records::DomainState::disabled);
}

std::string name_value(DomainId id) {
    std::string value;
    put_be(value, id.value());
    return value;
}

/// Names that address the domain: its own and its aliases.
std::vector<std::string> all_names(const Domain& domain) {
    std::vector<std::string> names{domain.name};
    names.insert(names.end(), domain.aliases.begin(), domain.aliases.end());
    return names;
}

/// Whether the domain may lie there and be named so. @param id  of the domain; 0: a new one
Result<> good_places(const DomainTable& domains, DomainId id, const std::vector<std::uint16_t>& locations,
                     const std::string& name) {
    if (locations.empty() || locations.size() > max_domain_locations)
        return fail(DirectoryError::bad_value, "a domain has 1 to 64 storage locations");
    if (std::set<std::uint16_t>(locations.begin(), locations.end()).size() != locations.size())
        return fail(DirectoryError::bad_value, "the same storage location is named twice");
    if (name.empty()) return {};
    if (name.size() > 4096) return fail(DirectoryError::bad_value, "a path has at most 4096 octets");
    const auto all = domains.all();
    for (const auto& one : all)
        if (one->id != id && one->location_name == name)
            return fail(DirectoryError::exists, "that is the location of the domain " + one->name);
    return {};
}

}  // namespace

Result<DomainId> Directory::create_domain(const NewDomain& given) {
    DomainId id;
    AccountId postmaster;
    {
        std::lock_guard lock{impl_->writing};
        auto name = free_domain_name(impl_->domains, given.name);
        if (!name) return std::unexpected(name.error());
        if (auto good = good_places(impl_->domains, {}, given.locations, given.location_name); !good)
            return std::unexpected(good.error());
        Domain domain;
        records::Counters& counters = impl_->counters;
        id = counters.next_domain;
        postmaster = counters.next_account;
        domain.id = id;
        domain.name = *name;
        domain.postmaster = postmaster;
        domain.public_account = AccountId{postmaster.value() + 1};
        domain.locations = given.locations;
        domain.location_name = given.location_name;
        domain.created = impl_->clock.now();
        counters.next_domain = DomainId{id.value() + 1};
        counters.next_account = AccountId{postmaster.value() + 2};

        records::Object account;
        account.domain = id;
        account.name = "postmaster";
        account.created =
            std::chrono::duration_cast<std::chrono::seconds>(domain.created.time_since_epoch()).count();
        account.password_changed = account.created;
        kv::Batch batch;
        if (!given.postmaster_credentials.empty()) {
            account.password_version = 1;
            batch.put(keys::password(postmaster),
                      records::encode(Credentials{given.postmaster_credentials, 1}));
        }
        impl_->put_counters(batch);
        batch.put(keys::domain(id), encode_domain(domain));
        batch.put(keys::domain_name(domain.name), name_value(id));
        if (auto put = impl_->put_object(batch, postmaster, nullptr, &account); !put)
            return std::unexpected(put.error());
        if (auto done = impl_->commit(std::move(batch)); !done) return std::unexpected(done.error());
        impl_->forget(postmaster, account);
        impl_->domains.put(std::make_shared<const Domain>(std::move(domain)));
    }
    impl_->tell(ChangeEvent::Kind::domain_created, id);
    impl_->tell(ChangeEvent::Kind::account_created, id, postmaster);
    return id;
}

Result<> Directory::Impl::update_domain(DomainId id,
                                        const std::function<Result<>(Domain&, kv::Batch&)>& change) {
    {
        std::lock_guard lock{writing};
        auto before = domains.find(id);
        if (before == nullptr) return no_domain();
        Domain after = *before;
        kv::Batch batch;
        if (auto changed = change(after, batch); !changed) return changed;
        std::vector<std::string> old_names = all_names(*before);
        std::vector<std::string> new_names = all_names(after);
        for (const std::string& name : old_names)
            if (std::find(new_names.begin(), new_names.end(), name) == new_names.end())
                batch.erase(keys::domain_name(name));
        for (const std::string& name : new_names) batch.put(keys::domain_name(name), name_value(id));
        batch.put(keys::domain(id), encode_domain(after));
        if (auto done = commit(std::move(batch)); !done) return done;
        bool renamed = before->name != after.name;
        bool services = before->services != after.services;
        domains.put(std::make_shared<const Domain>(std::move(after)));
        if (renamed) objects.clear();  // every address of it is another one now
        if (services) class_settings.clear();
        ++membership_version;
    }
    tell(ChangeEvent::Kind::domain_changed, id);
    return {};
}

Result<> Directory::change_domain(DomainId id, const DomainChange& change) {
    return impl_->update_domain(id, [&](Domain& domain, kv::Batch&) -> Result<> {
        if (change.enabled) domain.enabled = *change.enabled;
        if (change.locations || change.location_name) {
            if (change.locations) domain.locations = *change.locations;
            if (change.location_name) domain.location_name = *change.location_name;
            if (auto good = good_places(impl_->domains, id, domain.locations, domain.location_name); !good)
                return good;
        }
        if (change.services) domain.services = *change.services;
        if (change.customer_reference) {
            if (change.customer_reference->size() > 1024)
                return fail(DirectoryError::bad_value, "a customer reference has at most 1024 octets");
            domain.customer_reference = *change.customer_reference;
        }
        if (change.appender) {
            constexpr std::size_t most = 64 * 1024;
            if (change.appender->text.size() > most || change.appender->html.size() > most)
                return fail(DirectoryError::bad_value, "the text of an appender has at most 64 KiB");
            if (!text::valid_utf8(change.appender->text) || !text::valid_utf8(change.appender->html))
                return fail(DirectoryError::bad_value, "the text of an appender is UTF-8");
            domain.appender = std::make_shared<const Appender>(*change.appender);
        }
        if (change.assigned_ip) {
            const auto ip = settings::parse_ip(*change.assigned_ip);
            if (!ip && !change.assigned_ip->empty())
                return fail(DirectoryError::bad_value, "'" + *change.assigned_ip + "' is no IP address");
            domain.assigned_ip = ip ? settings::to_string(*ip) : std::string{};
        }
        return {};
    });
}

Result<> Directory::rename_domain(DomainId id, std::string_view name) {
    return impl_->update_domain(id, [&](Domain& domain, kv::Batch& batch) -> Result<> {
        if (auto same = normal_domain(name); same && *same == domain.name) return {};
        auto free = free_domain_name(impl_->domains, name);
        if (!free) return std::unexpected(free.error());
        // Groups anywhere name members by address: those of this domain move with it.
        auto moved = impl_->readdress(batch, {domain.name}, {}, {{}, *free});
        if (!moved) return std::unexpected(moved.error());
        domain.name = *free;
        return {};
    });
}

Result<> Directory::add_domain_alias(DomainId id, std::string_view alias) {
    return impl_->update_domain(id, [&](Domain& domain, kv::Batch&) -> Result<> {
        auto free = free_domain_name(impl_->domains, alias);
        if (!free) return std::unexpected(free.error());
        if (domain.aliases.size() >= impl_->options.max_aliases)
            return fail(DirectoryError::not_allowed, "the domain has as many aliases as it may have");
        domain.aliases.push_back(*free);
        return {};
    });
}

Result<> Directory::remove_domain_alias(DomainId id, std::string_view alias) {
    return impl_->update_domain(id, [&](Domain& domain, kv::Batch&) -> Result<> {
        auto normal = normal_domain(alias);
        auto it =
            normal ? std::find(domain.aliases.begin(), domain.aliases.end(), *normal) : domain.aliases.end();
        if (it == domain.aliases.end())
            return fail(DirectoryError::not_found,
                        "'" + domain.name + "' has no alias '" + std::string{alias} + "'");
        domain.aliases.erase(it);
        return {};
    });
}

Result<> Directory::set_catch_all(DomainId id, Domain::CatchAll kind, std::string_view target) {
    return impl_->update_domain(id, [&](Domain& domain, kv::Batch&) -> Result<> {
        switch (kind) {
            case Domain::CatchAll::disabled: break;
            case Domain::CatchAll::account: {
                std::string folded = fold_local(target);
                auto named = impl_->find_name({id, folded});
                if (!named) return std::unexpected(named.error());
                if (named->id.value() == 0 || named->kind != ObjectKind::account)
                    return fail(DirectoryError::not_found, "'" + domain.name + "' has no account '"
                                                               + std::string{target} + "' to catch all mail");
                break;
            }
            case Domain::CatchAll::folder:
                if (target.empty() || folder_detail(target) != target)
                    return fail(DirectoryError::bad_value, "the path of a public folder is needed");
                break;
        }
        domain.catch_all = kind;
        domain.catch_all_target = kind == Domain::CatchAll::disabled ? std::string{} : std::string{target};
        return {};
    });
}

Result<> Directory::set_postmaster(DomainId id, std::string_view account_name) {
    return impl_->update_domain(id, [&](Domain& domain, kv::Batch&) -> Result<> {
        auto named = impl_->find_name({id, fold_local(account_name)});
        if (!named) return std::unexpected(named.error());
        if (named->id.value() == 0 || named->kind != ObjectKind::account)
            return fail(DirectoryError::not_found,
                        "'" + domain.name + "' has no account '" + std::string{account_name} + "'");
        domain.postmaster = named->id;
        return {};
    });
}

Result<> Directory::delete_domain(DomainId id, Delete how) {
    {
        std::lock_guard lock{impl_->writing};
        auto domain = impl_->domains.find(id);
        if (domain == nullptr) return no_domain();
        if (how == Delete::refuse_when_not_empty) {
            std::string begin = keys::list_of(id);
            auto cursor = impl_->store.scan(begin, keys::after(begin));
            int objects = 0;
            for (; cursor->valid() && objects < 2; cursor->next()) ++objects;
            if (auto good = cursor->status(); !good) return fail(DirectoryError::storage, good.error().what);
            if (objects > 1)
                return fail(DirectoryError::in_use, "'" + domain->name + "' has accounts or other objects besides its "
                                                    "postmaster; delete them first, or force the deletion");
        }
        // First, in one batch, the domain ceases to exist for everybody; its records go after that, and if a
        // crash comes between, open() takes it up.
        kv::Batch batch;
        for (const std::string& name : all_names(*domain)) batch.erase(keys::domain_name(name));
        batch.put(keys::domain(id), records::encode(*domain, records::DomainState::deleting));
        if (auto done = impl_->commit(std::move(batch)); !done) return done;
        impl_->domains.erase(id);
        impl_->names.clear();
        impl_->objects.clear();
        impl_->class_settings.clear();
        impl_->account_settings.clear();
        if (auto done = impl_->finish_deletion(id, *domain); !done) return done;
    }
    impl_->tell(ChangeEvent::Kind::domain_deleted, id);
    return {};
}

Result<> Directory::Impl::finish_deletion(DomainId id, const Domain& domain) {
    std::string begin = keys::list_of(id);
    while (true) {
        kv::Batch batch;
        std::size_t count = 0;
        auto cursor = store.scan(begin, keys::after(begin));
        for (; cursor->valid() && count < deletion_chunk; cursor->next(), ++count) {
            batch.erase(cursor->key());
            Decoder value{cursor->value()};
            AccountId object_id{value.be<std::uint64_t>()};
            auto object = read_object(object_id);
            if (!object) return std::unexpected(object.error());
            if (!*object) continue;
            if (auto put = put_object(batch, object_id, &**object, nullptr); !put) return put;
        }
        if (auto good = cursor->status(); !good) return fail(DirectoryError::storage, good.error().what);
        cursor.reset();
        if (count == 0) break;
        if (auto done = commit(std::move(batch), kv::Durability::soon); !done) return done;
    }
    kv::Batch batch;
    std::string classes = keys::class_names_of(id);
    auto cursor = store.scan(classes, keys::after(classes));
    for (; cursor->valid(); cursor->next()) {
        Decoder value{cursor->value()};
        ClassId class_id{value.be<std::uint32_t>()};
        batch.erase(cursor->key());
        batch.erase(keys::account_class(class_id));
        batch.erase(keys::settings(SettingsLevel::account_class(class_id)));
    }
    if (auto good = cursor->status(); !good) return fail(DirectoryError::storage, good.error().what);
    cursor.reset();
    batch.erase(keys::settings(SettingsLevel::domain(id)));
    std::string names_begin = keys::names_of(id);
    batch.erase_range(names_begin, keys::after(names_begin));
    batch.erase(keys::domain(id));
    if (options.erasing) options.erasing(domain.public_account, batch);
    return commit(std::move(batch));
}

}  // namespace postrider::directory
