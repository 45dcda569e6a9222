#include "rights/sharing.h"

#include <algorithm>
#include <array>

#include "mailstore/errors.h"
#include "mailstore/names.h"
#include "rights/keys.h"
#include "rights/shared_account.h"

namespace postrider::rights {

using mailstore::fail;
using mailstore::MailError;

namespace {

constexpr std::size_t known_most = 10'000;  ///< owners whose limits stay in memory

}  // namespace

// ---- owners

Owner Sharing::owner_of(const directory::AccountEntry& account) const {
    return {account.id, account.domain, false, account.name};
}

Owner Sharing::public_owner(const directory::Domain& domain) {
    return {domain.public_account, domain.id, true, public_root(domain.id)};
}

std::string Sharing::public_root(DomainId domain) {
    {
        std::lock_guard lock{caches_};
        if (auto at = known_roots_.find(domain); at != known_roots_.end()) return at->second;
    }
    auto value = store_.kv().get(keys::public_root(domain));
    std::string name{usual_public_root};
    if (value && *value && (*value)->size() > 1 && (**value)[0] == 1) name = (*value)->substr(1);
    if (value) {
        std::lock_guard lock{caches_};
        known_roots_[domain] = name;
    }
    return name;
}

Result<> Sharing::rename_public_root(DomainId domain, std::string_view name) {
    auto normal = mailstore::normal_path(name);
    if (!normal) return std::unexpected(normal.error());
    // What every account has of its own would be hidden by it.
    for (std::string_view own : {"INBOX", "Drafts", "Sent", "Trash", "Junk", "Archive"})
        if (*normal == own)
            return fail(MailError::bad_name, "accounts have a folder of their own that is called that");
    if (normal->find('/') != std::string::npos || *normal == others_root)
        return fail(MailError::bad_name, "the root of public folders cannot be called that");
    kv::Batch batch;
    batch.put(keys::public_root(domain), '\x01' + *normal);
    auto written = store_.kv().write(std::move(batch), kv::Durability::now);
    if (!written) return std::unexpected(mailstore::from(written.error()));
    std::lock_guard lock{caches_};
    known_roots_[domain] = *normal;
    return {};
}

mailstore::QuotaLimits Sharing::public_limits(AccountId owner) {
    {
        std::lock_guard lock{caches_};
        if (auto at = known_limits_.find(owner); at != known_limits_.end()) return at->second;
    }
    auto value = store_.kv().get(keys::public_limits(owner));
    mailstore::QuotaLimits limits;
    if (value && *value) {
        Decoder in{**value};
        if (in.be<std::uint8_t>() == 1) {
            limits.folders = in.varint();
            limits.messages = in.varint();
            limits.bytes = in.varint();
            limits.folder_messages = in.varint();
            limits.folder_bytes = in.varint();
        }
        if (!in.ok()) limits = {};
    }
    std::lock_guard lock{caches_};
    if (known_limits_.size() >= known_most) known_limits_.clear();
    if (value) known_limits_[owner] = limits;
    return limits;
}

Result<> Sharing::limit_public(const Owner& owner, const mailstore::QuotaLimits& limits) {
    std::string record{"\x01"};
    for (std::uint64_t value :
         {limits.folders, limits.messages, limits.bytes, limits.folder_messages, limits.folder_bytes})
        put_varint(record, value);
    kv::Batch batch;
    batch.put(keys::public_limits(owner.id), record);
    auto written = store_.kv().write(std::move(batch), kv::Durability::now);
    if (!written) return std::unexpected(mailstore::from(written.error()));
    std::lock_guard lock{caches_};
    known_limits_[owner.id] = limits;
    return {};
}

Result<std::shared_ptr<mailstore::Account>> Sharing::open(const Owner& owner) {
    return owner.is_public ? mailstore::open_public(store_, owner.id)
                           : mailstore::open_or_create(store_, owner.id);
}

std::optional<Owner> Sharing::owner_with(AccountId id) {
    if (auto account = directory_.account(id)) return owner_of(**account);
    return std::nullopt;
}

// ---- seen by one person

Result<std::shared_ptr<SharedAccount>> Sharing::shared(const Person& person, const Owner& owner) {
    if (owner.id == person->id) return nullptr;
    auto account = open(owner);
    if (!account) return std::unexpected(account.error());
    return std::make_shared<SharedAccount>(*this, std::move(*account), owner, person);
}

Result<std::shared_ptr<SharedAccount>> Sharing::at(const Person& person, std::string_view path) {
    const std::size_t slash = std::min(path.find('/'), path.size());
    const std::string_view root = path.substr(0, slash);
    if (root == others_root) {
        std::string_view name = path.substr(std::min(slash + 1, path.size()));
        name = name.substr(0, name.find('/'));
        if (name.empty()) return fail(MailError::no_such_folder, "no such folder");
        auto object = directory_.object(person->domain, name);
        if (!object || object->kind != directory::ObjectKind::account)
            return fail(MailError::no_such_folder, "no such folder");
        auto account = directory_.account(object->id);
        // One's own folders have one name, and a mailbox has one name of its owner.
        if (!account || object->id == person->id || (*account)->name != name)
            return fail(MailError::no_such_folder, "no such folder");
        return shared(person, owner_of(**account));
    }
    const auto domain = directory_.domain(person->domain);
    if (!domain || root != public_root(domain->id)) return nullptr;
    return shared(person, public_owner(*domain));
}

bool Sharing::surely_own(const directory::AccountEntry& person, std::string_view path) {
    const std::string_view root = path.substr(0, path.find('/'));
    if (root == others_root) return false;
    std::lock_guard lock{caches_};
    const auto at = known_roots_.find(person.domain);
    return at != known_roots_.end() && root != at->second;
}

Result<std::vector<Owner>> Sharing::owners_for(const Person& person) {
    auto him = who(*person);
    if (!him) return std::unexpected(him.error());
    std::vector<Owner> all;
    const auto domain = directory_.domain(person->domain);
    if (!domain) return all;
    // Nobody has made one yet: then there is no account for them either.
    if (store_.account(domain->public_account)) all.push_back(public_owner(*domain));
    const std::size_t first_person = all.size();
    std::vector<Principal> principals{Principal::everyone(domain->id), Principal::account(person->id)};
    for (AccountId group : (*him)->groups) principals.push_back(Principal::group(group));
    std::vector<AccountId> ids;
    for (const Principal& principal : principals) {
        const std::string begin = keys::granted_to(principal);
        std::string end = begin;
        end.append(9, '\xff');
        auto cursor = store_.kv().scan(begin, end);
        for (; cursor->valid() && ids.size() < 4 * max_owners; cursor->next()) {
            Decoder id{cursor->key().substr(std::min(begin.size(), cursor->key().size()))};
            ids.push_back(AccountId{id.be<std::uint64_t>()});
        }
        if (auto good = cursor->status(); !good) return std::unexpected(mailstore::from(good.error()));
    }
    if (domain->postmaster == person->id) {
        auto page = directory_.list(domain->id, directory::ObjectKind::account, {}, {}, max_owners);
        if (page)
            for (const directory::ListedObject& one : page->objects) ids.push_back(one.id);
    }
    std::sort(ids.begin(), ids.end());
    ids.erase(std::unique(ids.begin(), ids.end()), ids.end());
    for (AccountId id : ids) {
        if (id == person->id || id == domain->public_account || all.size() > max_owners) continue;
        if (auto owner = owner_with(id)) all.push_back(std::move(*owner));
    }
    std::sort(all.begin() + static_cast<std::ptrdiff_t>(first_person), all.end(),
              [](const Owner& a, const Owner& b) { return a.name < b.name; });
    return all;
}

// ---- what it comes to

RightSet Sharing::evaluate(const Who& who, const Owner& owner, const Lists& lists, FolderId folder) const {
    if (who.account == owner.id) return every_right;
    if (who.domain != owner.domain) return {};
    // A saved search shows messages of folders that are not shared: it is its owner's alone.
    if (lists.searches.contains(folder.value())) return {};
    constexpr std::size_t deepest = mailstore::max_path_levels + 2;
    std::array<const AccessList*, deepest> chain{};
    std::size_t levels = 0;
    for (std::uint32_t id = folder.value(); levels < deepest; ++levels) {
        auto at = lists.lists.find(id);
        chain[levels] = at == lists.lists.end() ? nullptr : &at->second;
        if (id == 0) {
            ++levels;
            break;
        }
        auto parent = lists.parents.find(id);
        id = parent == lists.parents.end() ? 0 : parent->second;
    }
    RightSet rights = rights::evaluate(who, {chain.data(), levels});
    const auto domain = directory_.domain(owner.domain);
    if (domain && domain->postmaster == who.account)
        rights = rights | (owner.is_public ? folder_rights : RightSet{Right::lookup, Right::administer});
    return rights;
}

Result<RightSet> Sharing::rights(const directory::AccountEntry& person, const Owner& owner, FolderId folder) {
    auto him = who(person);
    if (!him) return std::unexpected(him.error());
    auto account = open(owner);
    if (!account) return std::unexpected(account.error());
    auto all = lists(owner, **account);
    if (!all) return std::unexpected(all.error());
    return evaluate(**him, owner, **all, folder);
}

}  // namespace postrider::rights
