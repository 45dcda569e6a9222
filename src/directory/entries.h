#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "directory/service.h"
#include "mime/address.h"

/// What the directory knows of each object, as values. Entries that it hands out are immutable and may be
/// kept: a change makes a new entry.
namespace postrider::directory {

enum class DirectoryError {
    not_found,
    exists,  ///< the name is taken by another object or alias of the domain
    bad_name,
    in_use,       ///< e.g. a class that accounts inherit from, a domain with accounts
    not_allowed,  ///< the postmaster cannot be removed, the password is against the policy, ...
    bad_value,    ///< an attribute's value is out of its range
    storage,
};
struct Failure {
    DirectoryError kind;
    std::string what;  ///< what happened, where, what to do
};
template <class T = void>
using Result = std::expected<T, Failure>;

using ClassId = Tagged<struct ClassTag, std::uint32_t>;  ///< 0 = the domain's account defaults

/// What is put below mail that people of a domain send.
struct Appender {
    bool enabled = false;
    bool local_too = false;  ///< also below mail that stays on this server
    std::string text;        ///< UTF-8; "": made from html
    std::string html;        ///< a piece of HTML, UTF-8; "": made from text
    friend bool operator==(const Appender&, const Appender&) = default;
};

/// An address that an account has for a while. Afterwards nobody else gets the name for thirty days.
struct TemporaryAlias {
    std::string name;  ///< local part
    Time expires;      ///< to the second
    friend bool operator==(const TemporaryAlias&, const TemporaryAlias&) = default;
};

inline constexpr std::size_t max_domain_locations = 64;

struct Domain {
    DomainId id;
    std::string name;  ///< lower case, U-label
    std::vector<std::string> aliases;
    bool enabled = true;
    enum class CatchAll : std::uint8_t { disabled, account, folder } catch_all = CatchAll::disabled;
    std::string catch_all_target;  ///< local part, or path of a public folder
    AccountId public_account;      ///< owner of the public folders; no account entry of its own
    std::vector<std::uint16_t> locations{
        0};                ///< storage locations of its messages, used in parallel; never empty
    AccountId postmaster;  ///< who gets mail for postmaster@
    Services services = all_services();
    std::string customer_reference;
    Time created;
    std::shared_ptr<const Appender> appender;  ///< nullptr: never set
    std::string assigned_ip;                   ///< mail from the domain leaves from it; "" = none of its own
    std::string location_name;  ///< a path that administrators may name the domain by; "" = none
};

enum class ObjectKind : std::uint8_t { account, group, forwarder, folder_recipient };
std::string_view word(ObjectKind kind);

struct AccountEntry {
    AccountId id;
    DomainId domain;
    std::string name;                       ///< local part, as it was given
    std::string address;                    ///< name@domain
    std::vector<std::string> aliases;       ///< further local parts
    std::vector<TemporaryAlias> temporary;  ///< those that have expired too
    std::string full_name;
    std::string account_class;  ///< "" = domain defaults
    bool enabled = true;
    bool must_change_password = false;

    ClassId class_id;
    std::string first_name, last_name;
    std::string customer_reference;
    bool publish_contact = false;
    Time created;
    std::uint32_t password_version = 0;  ///< grows with every change of the password; 0 = never had one
    Time password_changed;
    bool explicit_settings = false;  ///< some value is not inherited
};

/// A group (members may be groups too) or a forwarder (sends on, no groups in it).
struct GroupEntry {
    AccountId id;  ///< from the same numbers as accounts
    DomainId domain;
    ObjectKind kind = ObjectKind::group;
    std::string name;
    std::string address;
    std::vector<std::string> aliases;
    bool enabled = true;
    bool publish_contact = false;
    bool members_send_as = false;  ///< its members may send in its name
    std::shared_ptr<const std::vector<mime::AddrSpec>>
        members;  ///< never null; in the order in which they were added
};

struct FolderRecipient {
    AccountId id;
    DomainId domain;
    std::string name;
    std::string address;
    std::vector<std::string> aliases;
    bool enabled = true;
    bool publish_contact = false;
    bool domain_sends_as = false;  ///< everybody of the domain may send in its name
    std::string folder;            ///< path in the domain's public folders
};

struct AccountClass {
    ClassId id;
    DomainId domain;
    std::string name;
};

/// Password verifiers, as auth wrote them (auth/credentials.h); "" = nobody can log in with a password.
struct Credentials {
    std::string bytes;
    std::uint32_t version = 0;  ///< AccountEntry::password_version
};

/// Somebody who administers the server; `admin` is built in and always there.
struct AdminEntry {
    std::string name;
    std::string description;
    bool enabled = true;
    bool built_in = false;
    bool super_user = true;  ///< may do everything; otherwise what AdminRights say
};

/// Administrators, or groups of them, that have rights in common.
struct AdminGroup {
    std::string name;
    std::string description;
};

enum class Principal : std::uint8_t { user, group };

/// One permission (permissions.h) that is granted or denied, on the server or on one domain.
struct AdminRight {
    std::string permission;
    DomainId domain;  ///< 0 = the server
    bool granted = true;
    friend bool operator==(const AdminRight&, const AdminRight&) = default;
};

/// What is said of a principal itself; what it inherits comes from the groups it is in.
struct AdminRights {
    std::vector<std::string> parents;  ///< groups that it is in
    std::vector<AdminRight> rights;    ///< at most one for a permission and domain
};

/// Where mail for an address goes.
struct Mailbox {
    std::shared_ptr<const AccountEntry> account;
    std::string folder;  ///< "" = INBOX, or the detail of user+folder (which need not exist)
};
struct PublicFolder {
    DomainId domain;
    AccountId owner;
    std::string folder;
    bool domain_sends_as = false;  ///< of the folder recipient; a catch-all's is nobody's name
};
/// Group or forwarder: deliver to these instead. Directory::expand follows groups within groups.
struct Expansion {
    std::string name;  ///< name@domain of the group
    AccountId group;
    std::shared_ptr<const std::vector<mime::AddrSpec>> members;  ///< never null; shared, since it may be long
};
struct NotLocal {};
struct Unknown {};    ///< the domain is ours, the address is not
struct Disabled {};   ///< account or domain is switched off for now
struct Unavailable {  ///< the store could not be read: answer 451, never 550
    std::string what;
};
using Route = std::variant<Mailbox, PublicFolder, Expansion, NotLocal, Unknown, Disabled, Unavailable>;

/// Whose explicit values: the server's, a domain's account defaults, a class's, one account's.
class SettingsLevel {
public:
    enum class Kind : std::uint8_t { server, domain, account_class, account };
    static SettingsLevel server() { return {Kind::server, 0}; }
    static SettingsLevel domain(DomainId id) { return {Kind::domain, id.value()}; }
    static SettingsLevel account_class(ClassId id) { return {Kind::account_class, id.value()}; }
    static SettingsLevel account(AccountId id) { return {Kind::account, id.value()}; }
    Kind kind() const { return kind_; }
    std::uint64_t id() const { return id_; }

private:
    SettingsLevel(Kind kind, std::uint64_t id) : kind_{kind}, id_{id} {}
    Kind kind_;
    std::uint64_t id_;
};

/// Attribute and its text as the configuration file spells them, sorted by attribute.
using ExplicitValues = std::vector<std::pair<std::string, std::string>>;

}  // namespace postrider::directory
