#include "directory/impl.h"
#include "directory/keys.h"
#include "directory/names.h"

namespace postrider::directory {
namespace {

std::unexpected<Failure> damaged(std::string what) {
    return fail(DirectoryError::storage, "the directory's record of " + std::move(what) + " is damaged");
}

Time time_of(std::int64_t seconds) {
    return Time{std::chrono::seconds{seconds}};
}

template <class Entry>
void fill_common(Entry& entry, AccountId id, records::Object& object, const Domain& domain) {
    entry.id = id;
    entry.domain = object.domain;
    entry.address = mime::AddrSpec{object.name, domain.name}.text();
    entry.name = std::move(object.name);
    entry.aliases = std::move(object.aliases);
    if constexpr (requires { entry.temporary; }) entry.temporary = std::move(object.temporary);
    entry.enabled = object.enabled;
    entry.publish_contact = object.publish_contact;
}

}  // namespace

Result<std::optional<std::string>> Directory::Impl::get(std::string_view key) const {
    auto value = store.get(key);
    if (!value) return fail(DirectoryError::storage, value.error().what);
    return std::move(*value);
}

Result<records::Name> Directory::Impl::find_name(NameView name) {
    decltype(names)::Ticket ticket;
    if (auto known = names.get(name, ticket)) return *known;
    auto bytes = get(keys::name(name.domain, name.folded));
    if (!bytes) return std::unexpected(bytes.error());
    records::Name found;
    if (*bytes) {
        auto record = records::decode_name(**bytes);
        if (!record) return damaged("the name '" + std::string{name.folded} + "'");
        found = *record;
    }
    names.put({name.domain, std::string{name.folded}}, found, ticket);
    return found;
}

Result<std::optional<records::Object>> Directory::Impl::read_object(AccountId id) const {
    auto bytes = get(keys::object(id));
    if (!bytes) return std::unexpected(bytes.error());
    if (!*bytes) return std::optional<records::Object>{};
    auto object = records::decode_object(**bytes);
    if (!object) return damaged("object " + std::to_string(id.value()));
    return object;
}

Result<records::Object> Directory::Impl::need(AccountId id, std::string_view what) const {
    auto object = read_object(id);
    if (!object) return std::unexpected(object.error());
    if (!*object || domains.find((*object)->domain) == nullptr)
        return fail(DirectoryError::not_found, "there is no such " + std::string{what});
    return std::move(**object);
}

Result<std::optional<AccountClass>> Directory::Impl::read_class(ClassId id) const {
    auto bytes = get(keys::account_class(id));
    if (!bytes) return std::unexpected(bytes.error());
    if (!*bytes) return std::optional<AccountClass>{};
    auto record = records::decode_class(**bytes);
    if (!record) return damaged("class " + std::to_string(id.value()));
    record->id = id;
    return record;
}

Result<settings::Overrides> Directory::Impl::read_overrides(SettingsLevel level) const {
    auto bytes = get(keys::settings(level));
    if (!bytes) return std::unexpected(bytes.error());
    if (!*bytes) return settings::Overrides{};
    auto overrides = settings::Overrides::decode(**bytes);
    if (!overrides) return damaged("explicit settings");
    return std::move(*overrides);
}

Result<ObjectEntry> Directory::Impl::find_object(AccountId id) {
    decltype(objects)::Ticket ticket;
    if (auto known = objects.get(id, ticket)) return std::move(*known);
    auto object = read_object(id);
    if (!object) return std::unexpected(object.error());
    ObjectEntry entry;
    DomainTable::Pointer domain = *object ? domains.find((*object)->domain) : nullptr;
    if (domain == nullptr) return entry;  // gone, or its domain is: not worth a place
    records::Object& from = **object;
    switch (from.kind) {
        case ObjectKind::account: {
            auto account = std::make_shared<AccountEntry>();
            if (from.class_id.value() != 0) {
                auto its_class = read_class(from.class_id);
                if (!its_class) return std::unexpected(its_class.error());
                if (*its_class) account->account_class = (*its_class)->name;
            }
            fill_common(*account, id, from, *domain);
            account->full_name = std::move(from.full_name);
            account->first_name = std::move(from.first_name);
            account->last_name = std::move(from.last_name);
            account->customer_reference = std::move(from.customer_reference);
            account->must_change_password = from.must_change_password;
            account->explicit_settings = from.explicit_settings;
            account->class_id = from.class_id;
            account->created = time_of(from.created);
            account->password_version = from.password_version;
            account->password_changed = time_of(from.password_changed);
            entry = std::shared_ptr<const AccountEntry>{std::move(account)};
            break;
        }
        case ObjectKind::group:
        case ObjectKind::forwarder: {
            auto group = std::make_shared<GroupEntry>();
            fill_common(*group, id, from, *domain);
            group->kind = from.kind;
            group->members_send_as = from.send_as;
            group->members = std::make_shared<const std::vector<mime::AddrSpec>>(std::move(from.members));
            entry = std::shared_ptr<const GroupEntry>{std::move(group)};
            break;
        }
        case ObjectKind::folder_recipient: {
            auto recipient = std::make_shared<FolderRecipient>();
            fill_common(*recipient, id, from, *domain);
            recipient->folder = std::move(from.folder);
            recipient->domain_sends_as = from.send_as;
            entry = std::shared_ptr<const FolderRecipient>{std::move(recipient)};
            break;
        }
    }
    objects.put(id, entry, ticket);
    return entry;
}

}  // namespace postrider::directory
