#include "directory/impl.h"
#include "directory/keys.h"
#include "settings/account.h"
#include "settings/inherit.h"

namespace postrider::directory {
namespace {

Result<> level_exists(Directory::Impl& impl, SettingsLevel level) {
    switch (level.kind()) {
        case SettingsLevel::Kind::server: return {};
        case SettingsLevel::Kind::domain:
            if (impl.domains.find(DomainId{static_cast<std::uint32_t>(level.id())}) != nullptr) return {};
            break;
        case SettingsLevel::Kind::account_class: {
            auto found = impl.read_class(ClassId{static_cast<std::uint32_t>(level.id())});
            if (!found) return std::unexpected(found.error());
            if (*found) return {};
            break;
        }
        case SettingsLevel::Kind::account: {
            auto found = impl.need(AccountId{level.id()}, "account");
            if (!found) return std::unexpected(found.error());
            if (found->kind == ObjectKind::account) return {};
            break;
        }
    }
    return fail(DirectoryError::not_found, "there is no such domain, class or account");
}

/// Writes the level's values; for an account, its record says whether there are any.
Result<> store_overrides(Directory::Impl& impl, SettingsLevel level, const settings::Overrides& overrides) {
    kv::Batch batch;
    std::string key = keys::settings(level);
    if (overrides.empty())
        batch.erase(key);
    else
        batch.put(key, overrides.encode());
    if (level.kind() != SettingsLevel::Kind::account) {
        if (auto done = impl.commit(std::move(batch)); !done) return done;
        impl.class_settings.clear();
        impl.account_settings.clear();
        return {};
    }
    AccountId id{level.id()};
    auto object = impl.need(id, "account");
    if (!object) return std::unexpected(object.error());
    if (object->explicit_settings == overrides.empty()) {
        object->explicit_settings = !overrides.empty();
        batch.put(keys::object(id), records::encode(*object));
    }
    if (auto done = impl.commit(std::move(batch)); !done) return done;
    impl.forget(id, *object);
    return {};
}

void tell_changed(const Directory::Impl& impl, SettingsLevel level) {
    DomainId domain;
    AccountId account;
    if (level.kind() == SettingsLevel::Kind::domain)
        domain = DomainId{static_cast<std::uint32_t>(level.id())};
    if (level.kind() == SettingsLevel::Kind::account) account = AccountId{level.id()};
    impl.tell(ChangeEvent::Kind::settings_changed, domain, account);
}

}  // namespace

Result<Effective> Directory::Impl::resolve(ClassKey of, const settings::Overrides* own) const {
    auto server = read_overrides(SettingsLevel::server());
    if (!server) return std::unexpected(server.error());
    auto domain = read_overrides(SettingsLevel::domain(of.domain));
    if (!domain) return std::unexpected(domain.error());
    settings::Overrides of_class;
    if (of.account_class.value() != 0) {
        auto read = read_overrides(SettingsLevel::account_class(of.account_class));
        if (!read) return std::unexpected(read.error());
        of_class = std::move(*read);
    }
    const settings::Level chain[] = {{settings::Scope::server, &*server},
                                     {settings::Scope::domain, &*domain},
                                     {settings::Scope::account_class, &of_class},
                                     {settings::Scope::account, own}};
    return std::make_shared<const settings::AccountSettings>(
        settings::effective_values(settings::account_table(), chain));
}

Result<Effective> Directory::Impl::class_effective(ClassKey of) {
    decltype(class_settings)::Ticket ticket;
    if (auto known = class_settings.get(of, ticket)) return std::move(*known);
    auto made = resolve(of, nullptr);
    if (made) class_settings.put(of, *made, ticket);
    return made;
}

Result<std::shared_ptr<const settings::AccountSettings>> Directory::effective(AccountId id) const {
    auto entry = account(id);
    if (!entry) return std::unexpected(entry.error());
    ClassKey of{(*entry)->domain, (*entry)->class_id};
    if (!(*entry)->explicit_settings) return impl_->class_effective(of);
    decltype(impl_->account_settings)::Ticket ticket;
    if (auto known = impl_->account_settings.get(id, ticket)) return std::move(*known);
    entry = account(id);  // again, now that a change would make the ticket void
    if (!entry) return std::unexpected(entry.error());
    of = {(*entry)->domain, (*entry)->class_id};
    auto own = impl_->read_overrides(SettingsLevel::account(id));
    if (!own) return std::unexpected(own.error());
    auto made = impl_->resolve(of, &*own);
    if (made) impl_->account_settings.put(id, *made, ticket);
    return made;
}

Result<std::shared_ptr<const settings::AccountSettings>> Directory::effective(DomainId domain,
                                                                              ClassId account_class) const {
    if (impl_->domains.find(domain) == nullptr)
        return fail(DirectoryError::not_found, "there is no such domain");
    return impl_->class_effective({domain, account_class});
}

Result<> Directory::set_value(SettingsLevel level, std::string_view attribute, std::string_view text) {
    const ValueChange change[] = {{std::string{attribute}, std::string{text}}};
    return change_values(level, change);
}

Result<> Directory::reset_value(SettingsLevel level, std::string_view attribute) {
    const ValueChange change[] = {{std::string{attribute}, std::nullopt}};
    return change_values(level, change);
}

Result<> Directory::change_values(SettingsLevel level, std::span<const ValueChange> changes) {
    {
        std::lock_guard lock{impl_->writing};
        if (auto good = level_exists(*impl_, level); !good) return good;
        auto overrides = impl_->read_overrides(level);
        if (!overrides) return std::unexpected(overrides.error());
        const settings::Overrides before = *overrides;
        for (const ValueChange& change : changes) {
            if (!change.text) {
                overrides->reset(change.attribute);
                continue;
            }
            if (auto set = overrides->set(settings::account_table(), change.attribute, *change.text); !set)
                return fail(DirectoryError::bad_value,
                            change.attribute + ": " + set.error().problem
                                + (set.error().allowed.empty() ? "" : "; allowed: ") + set.error().allowed);
        }
        if (*overrides == before) return {};
        if (auto done = store_overrides(*impl_, level, *overrides); !done) return done;
    }
    tell_changed(*impl_, level);
    return {};
}

Result<ExplicitValues> Directory::explicit_values(SettingsLevel level) const {
    auto overrides = impl_->read_overrides(level);
    if (!overrides) return std::unexpected(overrides.error());
    return overrides->all();
}

void Directory::set_server_services(Services services) {
    impl_->server_services = services.bits();
}

Result<bool> Directory::service_allowed(const AccountEntry& account, Service service) const {
    if (!Services::from_bits(impl_->server_services).has(service)) return false;
    auto its_domain = impl_->domains.find(account.domain);
    if (its_domain == nullptr || !its_domain->services.has(service)) return false;
    auto values = effective(account.id);
    if (!values) return std::unexpected(values.error());
    return (*values)->services.has(service);
}

}  // namespace postrider::directory
