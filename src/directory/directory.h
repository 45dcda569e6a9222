#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "directory/entries.h"
#include "kv/kv.h"
#include "mime/address.h"

/// Who exists: domains, accounts, aliases, classes, groups, forwarders, folder recipients, administrators;
/// and what of their settings is explicit. Records by the byte: docs/formats/directory.md.
///
/// Look-ups are cheap (cached) but may read the disk: use the worker pool. Changes are durable when they
/// return, and happen wholly or not at all. Everything may be called from any thread.
///
/// Local parts are compared without regard to case (names.h); a name is unique in its domain over all kinds
/// of objects and their aliases, a domain's name over all domains and their aliases.
namespace postrider::directory {

struct Options {
    std::size_t cached_names = 100'000;  ///< addresses kept in memory, about 500 octets each
    std::size_t cached_settings =
        20'000;                         ///< accounts with explicit values whose effective settings are kept
    std::size_t max_members = 100'000;  ///< of one group, and of one expansion
    std::size_t max_aliases = 1'000;    ///< of one object or domain
    /// Adds to the very batch with which an account (or the owner of a domain's public folders) ceases to
    /// exist what other rooms keep under its id, so that a crash leaves none of it behind. Called with a lock
    /// held; must not block. An id may be told twice when a batch fails.
    std::function<void(AccountId, kv::Batch&)> erasing{};
};

struct NewAccount {
    std::string name;
    std::string credentials;  ///< Credentials::bytes, made by auth; "" = cannot log in with a password
    std::string full_name;
    std::string account_class;  ///< "" = domain defaults
    std::vector<std::string> aliases{};
    bool must_change_password = false;
};

struct NewDomain {
    std::string name;
    std::string postmaster_credentials;
    std::vector<std::uint16_t> locations{0};  ///< 1 to max_domain_locations
    std::string location_name{};              ///< Domain::location_name
};

/// What may be changed of an account besides name, aliases, class and password; unset members stay.
struct AccountChange {
    std::optional<bool> enabled{};
    std::optional<bool> must_change_password{};
    std::optional<std::string> full_name{};
    std::optional<std::string> first_name{};
    std::optional<std::string> last_name{};
    std::optional<std::string> customer_reference{};
    std::optional<bool> publish_contact{};
};
struct DomainChange {
    std::optional<bool> enabled{};
    std::optional<std::vector<std::uint16_t>> locations{};  ///< 1 to max_domain_locations
    std::optional<std::string> location_name{};             ///< at most 4096 octets, no other domain's, or ""
    std::optional<Services> services{};
    std::optional<std::string> customer_reference{};
    std::optional<Appender> appender{};        ///< texts of at most 64 KiB each
    std::optional<std::string> assigned_ip{};  ///< an IPv4 or IPv6 address, or "" for none
};
struct ObjectChange {  ///< of a group, forwarder or folder recipient
    std::optional<bool> enabled{};
    std::optional<bool> publish_contact{};
    std::optional<std::string> folder{};  ///< folder recipients only
    /// Not of a forwarder: GroupEntry::members_send_as, FolderRecipient::domain_sends_as.
    std::optional<bool> send_as{};
};

/// What a log-in name means.
struct LoginName {
    std::shared_ptr<const AccountEntry> account;
    std::string folder;     ///< of POP3's user+folder; "" otherwise
    bool by_alias = false;  ///< an alias of the account, not its name (domain aliases do not count)
};

/// One name of a domain, for lists.
struct ListedObject {
    AccountId id;
    ObjectKind kind = ObjectKind::account;
    std::string name;
};
struct Page {
    std::vector<ListedObject> objects;
    std::string next;  ///< pass as `after` for the next page; "" = that was all
};

/// Something changed that other rooms may want to know: sessions to end, mail to erase.
struct ChangeEvent {
    enum class Kind {
        domain_created,
        domain_changed,
        domain_deleted,
        account_created,
        account_changed,
        account_deleted,
        password_changed,
        settings_changed
    };
    Kind kind;
    DomainId domain;
    AccountId account;
};

class Directory {
public:
    /// Finishes a domain's deletion that a crash cut short. `store` and `clock` must live longer.
    static Result<std::unique_ptr<Directory>> open(kv::Store& store, const Clock& clock,
                                                   Options options = {});
    ~Directory();

    /// Called after each durable change, on the thread that made it, without a lock held. Set it once, before
    /// use.
    void on_change(std::function<void(const ChangeEvent&)> listener);

    // ---- domains

    /// With its postmaster account, and an owner for its public folders.
    Result<DomainId> create_domain(const NewDomain& domain);
    Result<> change_domain(DomainId id, const DomainChange& change);
    Result<> rename_domain(DomainId id,
                           std::string_view name);  ///< ids stay; refused while the new name is taken
    Result<> add_domain_alias(DomainId id, std::string_view alias);
    Result<> remove_domain_alias(DomainId id, std::string_view alias);
    /// @param target  an account of the domain (checked), or a public folder's path (not checked: delivery
    /// makes it)
    Result<> set_catch_all(DomainId id, Domain::CatchAll kind, std::string_view target);
    Result<> set_postmaster(DomainId id, std::string_view account_name);
    enum class Delete { refuse_when_not_empty, forced };
    /// Everything in it goes. The mail is not this room's: see Options::erasing; ask for the accounts before
    /// to free its space at once.
    Result<> delete_domain(DomainId id, Delete how);
    std::vector<std::shared_ptr<const Domain>> domains() const;  ///< by name
    /// The one of that Domain::location_name; nullptr. Looks at all.
    std::shared_ptr<const Domain> domain_at(std::string_view location_name) const;
    std::shared_ptr<const Domain> domain(
        std::string_view name) const;  ///< name or alias, any case, A-labels too; nullptr
    std::shared_ptr<const Domain> domain(DomainId id) const;
    bool is_local_domain(std::string_view name) const;

    /// Bare log-in names and a bare <postmaster> belong to it ("" or not ours: the only domain, if there is
    /// one).
    void set_primary_domain(std::string_view name);
    std::shared_ptr<const Domain> primary_domain() const;

    // ---- accounts

    Result<AccountId> create_account(DomainId domain, const NewAccount& account);
    /// All or none, in one batch: what an import wants. At most 10,000 at once.
    Result<std::vector<AccountId>> create_accounts(DomainId domain, std::span<const NewAccount> accounts);
    Result<> delete_account(AccountId id);
    Result<> rename_account(AccountId id, std::string_view name);
    Result<> change_account(AccountId id, const AccountChange& change);
    Result<> add_account_alias(AccountId id, std::string_view alias);
    Result<> remove_account_alias(AccountId id, std::string_view alias);
    /// An address that works for `life`, which the account's settings limit, as they do how many there are.
    /// @param name  "" for one of letters and digits that nobody can guess. One that this account has had
    ///              may be taken again; anybody else's only when thirty days have passed since it expired.
    Result<TemporaryAlias> add_temporary_alias(AccountId id, std::string_view name,
                                               std::chrono::seconds life);
    Result<> remove_temporary_alias(AccountId id, std::string_view name);  ///< it expires now
    /// Forgets temporary addresses whose names others may have again. @return how many
    Result<std::size_t> sweep_temporary_aliases();
    Result<> set_class(AccountId id,
                       std::string_view class_name);  ///< "" = domain defaults; explicit values stay

    Result<std::shared_ptr<const AccountEntry>> account(AccountId id) const;
    Result<std::shared_ptr<const AccountEntry>> account(
        const mime::AddrSpec& address) const;  ///< name or alias

    /// Members of one kind in the order of their folded names. `prefix` is folded too; limit 1..10,000.
    Result<Page> list(DomainId domain, ObjectKind kind, std::string_view prefix = {},
                      std::string_view after = {}, std::size_t limit = 1000) const;

    // ---- passwords (auth makes and reads the bytes)

    /// Clears must_change_password unless told to set it; gives the new password_version.
    Result<std::uint32_t> set_credentials(AccountId id, std::string_view bytes, bool must_change = false);
    /// Replaces the bytes when nobody changed them since `version` was read (verifiers made at log-in); the
    /// password is the same, so its version stays.
    Result<bool> refresh_credentials(AccountId id, std::uint32_t version, std::string_view bytes);
    Result<Credentials> credentials(AccountId id) const;

    // ---- groups, forwarders, folder recipients

    Result<AccountId> create_group(DomainId domain, std::string_view name,
                                   ObjectKind kind = ObjectKind::group);
    Result<AccountId> create_folder_recipient(DomainId domain, std::string_view name,
                                              std::string_view folder);
    Result<> delete_object(AccountId id);  ///< a group, forwarder or folder recipient
    Result<> rename_object(AccountId id, std::string_view name);
    Result<> change_object(AccountId id, const ObjectChange& change);
    Result<> add_object_alias(AccountId id, std::string_view alias);
    Result<> remove_object_alias(AccountId id, std::string_view alias);
    Result<> add_member(AccountId group, const mime::AddrSpec& member);
    Result<> add_members(AccountId group,
                         std::span<const mime::AddrSpec> members);  ///< those who are members stay once
    Result<> remove_member(AccountId group, const mime::AddrSpec& member);
    Result<std::shared_ptr<const GroupEntry>> group(AccountId id) const;
    Result<std::shared_ptr<const FolderRecipient>> folder_recipient(AccountId id) const;
    /// Which object has this name or alias in the domain.
    Result<ListedObject> object(DomainId domain, std::string_view name) const;
    /// Groups and forwarders that name this address as a member (not through other groups).
    Result<std::vector<ListedObject>> membership(const mime::AddrSpec& member) const;
    /// Every group of the account's domain that it is in by any of its addresses, through groups within
    /// groups; those that are switched off and what is in them alone are left out. Ascending.
    Result<std::vector<AccountId>> groups_of(const AccountEntry& account) const;
    /// Grows whenever groups_of() may say something else. Does not block.
    std::uint64_t membership_version() const;

    // ---- account classes

    Result<ClassId> create_class(DomainId domain, std::string_view name);
    Result<> rename_class(ClassId id, std::string_view name);
    Result<> delete_class(ClassId id);  ///< in_use while accounts have it
    Result<std::vector<AccountClass>> classes(DomainId domain) const;
    Result<AccountClass> account_class(DomainId domain, std::string_view name) const;

    // ---- where mail goes. The hot path: well under 2 us when cached.

    /// One step: a group's members are not looked at. `address.domain` as AddrSpec promises (lower case,
    /// U-labels); "postmaster" with an empty domain is the primary domain's (RFC 5321 §4.1.1.3, §4.5.1).
    Route route(const mime::AddrSpec& address) const;

    struct Expanded {
        std::vector<mime::AddrSpec>
            members;             ///< no group among them, none twice; in the order in which they were found
        bool truncated = false;  ///< Options::max_members was reached
    };
    /// All that a group or forwarder means, through groups within groups; loops end, groups that are switched
    /// off are left out.
    Result<Expanded> expand(const Expansion& group) const;

    // ---- who logs in

    /// `user@domain`, `user` (of the listener's domain, else the primary one), by name or alias;
    /// `user+folder` when `with_folder`. not_found for everything that is no account.
    Result<LoginName> login_name(std::string_view login, std::string_view listener_domain = {},
                                 bool with_folder = false) const;

    // ---- settings of account scope: server -> domain -> class -> account

    /// What holds for the account now. Cached; changes at any level count at once.
    Result<std::shared_ptr<const settings::AccountSettings>> effective(AccountId id) const;
    /// What accounts without explicit values of that domain and class have.
    Result<std::shared_ptr<const settings::AccountSettings>> effective(DomainId domain,
                                                                       ClassId account_class = {}) const;
    Result<> set_value(SettingsLevel level, std::string_view attribute, std::string_view text);
    /// All or none. Without a text the attribute is inherited again.
    struct ValueChange {
        std::string attribute;
        std::optional<std::string> text;
    };
    Result<> change_values(SettingsLevel level, std::span<const ValueChange> changes);
    Result<> reset_value(SettingsLevel level, std::string_view attribute);  ///< inherited again
    Result<ExplicitValues> explicit_values(SettingsLevel level) const;

    /// Which services the server as a whole allows; all, until told otherwise.
    void set_server_services(Services services);
    /// Server, domain and account level together.
    Result<bool> service_allowed(const AccountEntry& account, Service service) const;

    // ---- what an account's owner is known by, besides first and last name

    /// Names (of a list that the caller has) and texts, sorted by name.
    Result<ExplicitValues> contact(AccountId id) const;
    /// Texts that are "" go. At most 64 names of 64 octets and texts of 4096 octets.
    Result<> change_contact(AccountId id, const ExplicitValues& changes);

    // ---- administrators

    enum class AdminKind { super_user, delegated };
    /// A super user may do everything; a delegated one nothing until rights are given.
    Result<> create_admin(std::string_view name, std::string_view description, std::string_view credentials,
                          AdminKind kind = AdminKind::super_user);
    Result<> change_admin(std::string_view name, std::optional<bool> enabled,
                          std::optional<std::string> description);
    Result<> delete_admin(std::string_view name);  ///< not the built-in one
    Result<> set_admin_credentials(std::string_view name, std::string_view bytes);
    Result<AdminEntry> admin(std::string_view name) const;
    Result<Credentials> admin_credentials(std::string_view name) const;
    Result<std::vector<AdminEntry>> admins() const;

    Result<> create_admin_group(std::string_view name, std::string_view description);
    Result<> change_admin_group(std::string_view name, std::string_view description);
    /// in_use while it has members, unless forced.
    Result<> delete_admin_group(std::string_view name, Delete how);
    Result<AdminGroup> admin_group(std::string_view name) const;
    Result<std::vector<AdminGroup>> admin_groups() const;
    Result<AdminRights> admin_rights(Principal kind, std::string_view name) const;
    /// Replaces them. Parents must be there and must not be members of the group in turn; permissions must be
    /// known and fit where they are said (permissions.h). At most 1,000 rights and 64 parents.
    Result<> set_admin_rights(Principal kind, std::string_view name, const AdminRights& rights);
    /// Own rights count before those of the groups it is in, these before those of their groups; at one
    /// distance DENY counts before GRANT. On a domain, what is said of the domain counts before what is said
    /// of any domain. @param domain  0 for permissions of the server
    Result<bool> admin_may(Principal kind, std::string_view name, std::string_view permission,
                           DomainId domain = {}) const;
    /// Forgets rights on domains that are gone. @return how many
    Result<std::size_t> purge_admin_rights();

    /// 32 random octets of this store, made when it was; for keys that must be the same after a restart.
    const std::string& server_secret() const;

    struct Stats {
        std::uint64_t hits = 0, misses = 0;
        std::size_t cached_names = 0, cached_settings = 0, domains = 0;
    };
    Stats stats() const;

    struct Impl;

private:
    explicit Directory(std::unique_ptr<Impl> impl);
    std::unique_ptr<Impl> impl_;
};

}  // namespace postrider::directory
