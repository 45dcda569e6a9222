#pragma once

#include <atomic>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "directory/directory.h"
#include "mailstore/mailstore.h"
#include "rights/access_list.h"

/// Who may do what in folders that are not his own. Everything may be called from any thread and may read the
/// disk: use the worker pool.
namespace postrider::rights {

using mailstore::Result;

class SharedAccount;
using Person = std::shared_ptr<const directory::AccountEntry>;

/// Whose folders: an account's, or a domain's public ones.
struct Owner {
    AccountId id;
    DomainId domain;
    bool is_public = false;
    std::string name;  ///< local part of the account; of public folders, what their root is called
};

/// The names under which people see what is not theirs.
inline constexpr std::string_view others_root = "Other Users";
inline constexpr std::string_view usual_public_root = "Public Folders";
inline constexpr std::size_t max_owners = 1'000;  ///< whom a list of all that somebody sees looks at

class Sharing {
public:
    /// Both must live longer.
    Sharing(mailstore::MailStore& store, directory::Directory& directory)
        : store_{store}, directory_{directory} {}

    // ---- owners

    Owner owner_of(const directory::AccountEntry& account) const;
    Owner public_owner(const directory::Domain& domain);
    /// What people see as the root of the domain's public folders.
    std::string public_root(DomainId domain);
    /// bad_name for what no folder can be called, "Other Users", and what every account has of its own.
    Result<> rename_public_root(DomainId domain, std::string_view name);
    /// Whether people of that domain see there, at the top, what is not their own: nobody's own folder can
    /// have that name.
    bool leads_elsewhere(DomainId domain, std::string_view top) {
        return top == others_root || top == public_root(domain);
    }
    /// What the public folders of that owner may hold; nothing is limited until somebody says so. For an id
    /// that is nobody's too: it is asked about every account that the directory does not know.
    mailstore::QuotaLimits public_limits(AccountId owner);
    Result<> limit_public(const Owner& owner, const mailstore::QuotaLimits& limits);
    /// The owner's folders without anybody's rights: for administrators and for the owner himself.
    Result<std::shared_ptr<mailstore::Account>> open(const Owner& owner);

    // ---- seen by one person

    /// The account that a path is in, by the names that the person sees; nullptr: his own.
    Result<std::shared_ptr<SharedAccount>> at(const Person& person, std::string_view path);
    /// The path is in the person's own account, as far as memory says: false may only mean that the disk must
    /// be asked. Does not block.
    bool surely_own(const directory::AccountEntry& person, std::string_view path);
    /// nullptr when the owner is the person.
    Result<std::shared_ptr<SharedAccount>> shared(const Person& person, const Owner& owner);
    /// Whoever shares something with the person, the public folders first; at most max_owners.
    Result<std::vector<Owner>> owners_for(const Person& person);
    /// Calls back after entries have changed that the person may be meant by, himself or as one of a group,
    /// on the thread that changed them: briefly. Ends with the token.
    std::shared_ptr<void> watch(const directory::AccountEntry& person, std::function<void()> changed);

    // ---- entries

    Result<AccessList> entries(const Owner& owner, FolderId folder);
    /// Instead of what there is for that principal; without any right it goes. Durable.
    /// too_much with more than max_entries.
    Result<> put(const Owner& owner, FolderId folder, const Entry& entry);
    Result<> remove(const Owner& owner, FolderId folder, Principal who);
    /// Of what the entry for that principal allows, or denies. A new entry holds for that folder alone, and
    /// new folders in it get a copy.
    enum class How { replace, add, take_away };
    Result<> change_rights(const Owner& owner, FolderId folder, Principal who, RightSet rights, How how,
                           bool denied);
    /// Makes a folder, and others above it where they are missing, in the owner's own account. They get what
    /// the one above them says of new folders.
    Result<mailstore::FolderInfo> create(const Owner& owner, mailstore::Account& account,
                                         std::string_view path, mailstore::FolderKind kind,
                                         mailstore::SpecialUse use);
    /// What the account shares is forgotten: to be added to the batch that deletes it.
    static void forget(kv::Store& store, AccountId owner, kv::Batch& batch);

    // ---- what it comes to

    Result<std::shared_ptr<const Who>> who(const directory::AccountEntry& person);
    /// Folder 0: of the account as a whole.
    Result<RightSet> rights(const directory::AccountEntry& person, const Owner& owner, FolderId folder);
    /// Whether a message may name this address as its author: one's own, one whose owner (or public folder)
    /// grants it, that of a group whose members may, of a folder recipient whose whole domain may.
    bool may_send_as(const directory::AccountEntry& person, const mime::AddrSpec& address);

    // ---- names of principals, in the owner's domain

    /// "bob", "bob@example.org", "sales@example.org" (a group), "anyone".
    Result<Principal> principal_named(DomainId domain, std::string_view name) const;
    /// An address, or "anyone"; "" when it is gone.
    std::string name_of(const Principal& principal) const;

    /// All access lists of one account, and which folder lies in which.
    struct Lists {
        std::uint64_t shape = 0;
        std::unordered_map<std::uint32_t, AccessList> lists;
        std::unordered_map<std::uint32_t, std::uint32_t> parents;
        std::unordered_set<std::uint32_t> searches;  ///< which are nobody else's, whatever is inherited
    };
    Result<std::shared_ptr<const Lists>> lists(const Owner& owner, mailstore::Account& account);
    RightSet evaluate(const Who& who, const Owner& owner, const Lists& lists, FolderId folder) const;
    std::uint64_t people_version() const { return directory_.membership_version(); }

private:
    using Edit = std::function<Result<>(AccessList&)>;
    Result<> copy_entries(const Owner& owner, FolderId from, FolderId to);
    Result<> change(const Owner& owner, FolderId folder, const Edit& edit);
    Result<std::shared_ptr<const Lists>> read(const Owner& owner, mailstore::Account& account) const;
    std::optional<Owner> owner_with(AccountId id);
    void tell(DomainId domain, const AccessList& before, const AccessList& after);

    mailstore::MailStore& store_;
    directory::Directory& directory_;
    std::mutex changing_;  ///< one change of entries at a time

    struct KnownWho {
        std::uint64_t version = 0;
        std::shared_ptr<const Who> who;
    };
    struct Watcher {
        DomainId domain;
        std::shared_ptr<const std::function<void()>> changed;
    };
    std::mutex watching_;
    std::multimap<AccountId, Watcher> watchers_;

    std::mutex caches_;
    std::unordered_map<AccountId, std::shared_ptr<const Lists>> known_lists_;
    std::unordered_map<AccountId, KnownWho> known_people_;
    std::unordered_map<DomainId, std::string> known_roots_;
    std::unordered_map<AccountId, mailstore::QuotaLimits> known_limits_;
};

}  // namespace postrider::rights
