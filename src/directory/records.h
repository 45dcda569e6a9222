#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "directory/entries.h"

/// Values of the directory in the store, to and from bytes; docs/formats/directory.md describes each. Pure.
/// Each begins with its version; a decoder gives nullopt for what is damaged or newer than it knows.
namespace postrider::directory::records {

struct Counters {
    DomainId next_domain{1};
    AccountId next_account{1};
    ClassId next_class{1};
    friend bool operator==(const Counters&, const Counters&) = default;
};
std::string encode(const Counters& counters);
std::optional<Counters> decode_counters(std::string_view bytes);

enum class DomainState : std::uint8_t { enabled, disabled, deleting };
struct DomainRecord {
    Domain domain;  ///< without its id, which is in the key
    DomainState state = DomainState::enabled;
};
std::string encode(const Domain& domain, DomainState state);
std::optional<DomainRecord> decode_domain(std::string_view bytes);

/// A name of a domain.
struct Name {
    AccountId id;
    ObjectKind kind = ObjectKind::account;
    bool alias = false;
    std::int64_t expires = 0;  ///< seconds since 1970, of a temporary address; 0: never
    friend bool operator==(const Name&, const Name&) = default;
};
std::string encode(const Name& name);
std::optional<Name> decode_name(std::string_view bytes);

/// An account, group, forwarder or folder recipient; what a kind does not have stays empty.
struct Object {
    ObjectKind kind = ObjectKind::account;
    DomainId domain;
    std::string name;
    std::vector<std::string> aliases;
    bool enabled = true;
    bool publish_contact = false;
    bool send_as = false;
    std::int64_t created = 0;  ///< seconds since 1970

    bool must_change_password = false;
    bool explicit_settings = false;
    ClassId class_id;
    std::uint32_t password_version = 0;
    std::int64_t password_changed = 0;
    std::string full_name, first_name, last_name, customer_reference;
    std::vector<TemporaryAlias>
        temporary;  ///< those that have expired too, as long as nobody else may take them

    std::vector<mime::AddrSpec> members;
    std::string folder;
};
std::string encode(const Object& object);
std::optional<Object> decode_object(std::string_view bytes);

std::string encode(const Credentials& credentials);
std::optional<Credentials> decode_credentials(std::string_view bytes);

/// Domain and name of a class; its id is in the key.
std::string encode(const AccountClass& account_class);
std::optional<AccountClass> decode_class(std::string_view bytes);

struct Admin {
    AdminEntry entry;
    Credentials credentials;
};
std::string encode(const Admin& admin);
std::optional<Admin> decode_admin(std::string_view bytes);

std::string encode(const AdminGroup& group);
std::optional<AdminGroup> decode_admin_group(std::string_view bytes);

std::string encode(const AdminRights& rights);
std::optional<AdminRights> decode_admin_rights(std::string_view bytes);

/// Names and texts, sorted by name.
std::string encode(const ExplicitValues& contact);
std::optional<ExplicitValues> decode_contact(std::string_view bytes);

}  // namespace postrider::directory::records
