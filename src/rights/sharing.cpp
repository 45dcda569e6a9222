#include "rights/sharing.h"

#include <algorithm>
#include <array>

#include "mailstore/errors.h"
#include "mailstore/names.h"
#include "rights/keys.h"
#include "rights/shared_account.h"
#include "text/ascii.h"

namespace postrider::rights {

using mailstore::fail;
using mailstore::MailError;

namespace {

constexpr std::size_t known_most = 10'000;  ///< people, and owners, whose rights stay in memory

mailstore::Failure from(const directory::Failure& failure) {
    return {failure.kind == directory::DirectoryError::not_found ? MailError::no_such_account
                                                                 : MailError::storage,
            failure.what};
}

/// What is said of a domain's public folders until somebody says otherwise: all of its people see them.
AccessList usual_public_list(DomainId domain) {
    return {{Principal::everyone(domain), RightSet{Right::lookup}, {}, true}};
}

/// Nobody gets in by a record that cannot be read.
AccessList closed(DomainId domain) {
    return {{Principal::everyone(domain), {}, every_right, true}};
}

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

// ---- entries

Result<std::shared_ptr<const Sharing::Lists>> Sharing::read(const Owner& owner,
                                                            mailstore::Account& account) const {
    auto made = std::make_shared<Lists>();
    made->shape = account.shape();  // before the rest: what comes later has another one
    auto records = account.access_lists();
    if (!records) return std::unexpected(records.error());
    bool of_root = false;
    for (const mailstore::Account::AccessList& one : *records) {
        of_root = of_root || one.folder.value() == 0;
        made->lists[one.folder.value()] = decode_access_list(one.list).value_or(closed(owner.domain));
    }
    if (owner.is_public && !of_root) made->lists[0] = usual_public_list(owner.domain);
    if (made->lists.empty()) return made;
    auto folders = account.folders();
    if (!folders) return std::unexpected(folders.error());
    made->parents.reserve(folders->size());
    for (const mailstore::FolderInfo& folder : *folders) {
        made->parents[folder.id.value()] = folder.parent.value();
        if (folder.kind == mailstore::FolderKind::search) made->searches.insert(folder.id.value());
    }
    return made;
}

Result<std::shared_ptr<const Sharing::Lists>> Sharing::lists(const Owner& owner,
                                                             mailstore::Account& account) {
    const std::uint64_t shape = account.shape();
    {
        std::lock_guard lock{caches_};
        if (auto at = known_lists_.find(owner.id); at != known_lists_.end() && at->second->shape == shape)
            return at->second;
    }
    auto made = read(owner, account);
    if (!made) return made;
    std::lock_guard lock{caches_};
    if (known_lists_.size() >= known_most) known_lists_.clear();
    known_lists_[owner.id] = *made;
    return made;
}

Result<AccessList> Sharing::entries(const Owner& owner, FolderId folder) {
    auto account = open(owner);
    if (!account) return std::unexpected(account.error());
    auto all = lists(owner, **account);
    if (!all) return std::unexpected(all.error());
    auto at = (*all)->lists.find(folder.value());
    return at == (*all)->lists.end() ? AccessList{} : at->second;
}

Result<> Sharing::change(const Owner& owner, FolderId folder, const Edit& edit) {
    std::lock_guard lock{changing_};
    auto account = open(owner);
    if (!account) return std::unexpected(account.error());
    auto before = read(owner, **account);
    if (!before) return std::unexpected(before.error());
    auto at = (*before)->lists.find(folder.value());
    AccessList after = at == (*before)->lists.end() ? AccessList{} : at->second;
    if (auto ok = edit(after); !ok) return ok;
    if (after.size() > max_entries) return fail(MailError::too_much, "the folder has too many entries");
    std::vector<Principal> kept;
    for (const Entry& entry : after) kept.push_back(entry.who);
    for (const auto& [id, list] : (*before)->lists)
        if (id != folder.value())
            for (const Entry& entry : list) kept.push_back(entry.who);
    std::sort(kept.begin(), kept.end());
    auto index = [&](kv::Batch& batch) {
        if (at != (*before)->lists.end())
            for (const Entry& entry : at->second)
                if (!std::binary_search(kept.begin(), kept.end(), entry.who)) {
                    batch.erase(keys::granted(entry.who, owner.id));
                    batch.erase(keys::by_owner(owner.id, entry.who));
                }
        for (const Entry& entry : after) {
            batch.put(keys::granted(entry.who, owner.id), "\x01");
            batch.put(keys::by_owner(owner.id, entry.who), "\x01");
        }
    };
    // An empty list of a public root is not the same as none.
    const bool nothing = after.empty() && !(owner.is_public && folder.value() == 0);
    auto set = (*account)->set_access_list(folder, nothing ? std::string{} : encode(after), index);
    if (set) tell(owner.domain, at == (*before)->lists.end() ? AccessList{} : at->second, after);
    return set;
}

// ---- who waits for changes

std::shared_ptr<void> Sharing::watch(const directory::AccountEntry& person, std::function<void()> changed) {
    auto call = std::make_shared<const std::function<void()>>(std::move(changed));
    std::lock_guard lock{watching_};
    auto at = watchers_.insert({person.id, Watcher{person.domain, std::move(call)}});
    return {nullptr, [this, at](void*) {
                std::lock_guard again{watching_};
                watchers_.erase(at);
            }};
}

void Sharing::tell(DomainId domain, const AccessList& before, const AccessList& after) {
    std::vector<std::shared_ptr<const std::function<void()>>> calls;
    {
        std::lock_guard lock{watching_};
        if (watchers_.empty()) return;
        bool many = false;
        std::vector<AccountId> people;
        for (const AccessList* list : {&before, &after})
            for (const Entry& entry : *list)
                if (entry.who.kind == Principal::Kind::account)
                    people.push_back(AccountId{entry.who.id});
                else
                    many = true;
        if (many) {
            for (const auto& [id, watcher] : watchers_)
                if (watcher.domain == domain) calls.push_back(watcher.changed);
        } else {
            std::sort(people.begin(), people.end());
            people.erase(std::unique(people.begin(), people.end()), people.end());
            for (AccountId person : people)
                for (auto [at, end] = watchers_.equal_range(person); at != end; ++at)
                    calls.push_back(at->second.changed);
        }
    }
    for (const auto& call : calls) (*call)();
}

Result<> Sharing::put(const Owner& owner, FolderId folder, const Entry& entry) {
    Entry sound = entry;
    // One address may be used without being its folders' owner; of a folder that makes no sense but where the
    // folder has an address itself.
    RightSet possible = folder.value() == 0 ? every_right : folder_rights;
    if (owner.is_public) possible = folder_rights | RightSet{Right::send_as};
    sound.allow = sound.allow & possible;
    sound.deny = sound.deny & possible;
    return change(owner, folder, [&](AccessList& list) -> Result<> {
        auto at =
            std::find_if(list.begin(), list.end(), [&](const Entry& one) { return one.who == sound.who; });
        const bool nothing = sound.allow.empty() && sound.deny.empty();
        if (at != list.end()) {
            if (nothing)
                list.erase(at);
            else
                *at = sound;
        } else if (!nothing) {
            list.push_back(sound);
        }
        return {};
    });
}

Result<> Sharing::remove(const Owner& owner, FolderId folder, Principal principal) {
    return change(owner, folder, [&](AccessList& list) -> Result<> {
        std::erase_if(list, [&](const Entry& one) { return one.who == principal; });
        return {};
    });
}

Result<> Sharing::change_rights(const Owner& owner, FolderId folder, Principal who, RightSet rights, How how,
                                bool denied) {
    return change(owner, folder, [&](AccessList& list) -> Result<> {
        auto at = std::find_if(list.begin(), list.end(), [&](const Entry& one) { return one.who == who; });
        if (at == list.end()) at = list.insert(list.end(), Entry{who, {}, {}, false, true});
        RightSet& set = denied ? at->deny : at->allow;
        switch (how) {
            case How::replace: set = rights | (set - folder_rights); break;
            case How::add: set = set | rights; break;
            case How::take_away: set = set - rights; break;
        }
        if (at->allow.empty() && at->deny.empty()) list.erase(at);
        return {};
    });
}

/// RFC 4314 §4: "it SHOULD inherit the ACL from the parent". What holds for a whole tree does so by itself.
Result<> Sharing::copy_entries(const Owner& owner, FolderId from, FolderId to) {
    auto account = open(owner);
    if (!account) return std::unexpected(account.error());
    auto all = (*account)->access_lists();  // not lists(): these would be read anew, with all folders
    if (!all) return std::unexpected(all.error());
    auto at = std::ranges::find(*all, from, &mailstore::Account::AccessList::folder);
    if (at == all->end()) return {};
    AccessList above = decode_access_list(at->list).value_or(AccessList{});
    std::erase_if(above, [](const Entry& entry) { return !entry.copied; });
    if (above.empty()) return {};
    return change(owner, to, [&](AccessList& list) -> Result<> {
        list = std::move(above);
        return {};
    });
}

Result<mailstore::FolderInfo> Sharing::create(const Owner& owner, mailstore::Account& account,
                                              std::string_view path, mailstore::FolderKind kind,
                                              mailstore::SpecialUse use) {
    FolderId above;
    std::size_t end = 0;
    while (end < path.size()) {
        const std::size_t next = std::min(path.find('/', end + 1), path.size());
        auto there = account.folder(path.substr(0, next));
        if (!there || next == path.size()) break;
        above = there->id;
        end = next;
    }
    auto made = account.create_folder(path, kind, use);
    if (!made) return made;
    while (end < path.size()) {
        end = std::min(path.find('/', end + 1), path.size());
        auto fresh = account.folder(path.substr(0, end));
        if (!fresh) break;  // gone again already
        if (above.value() != 0)
            if (auto ok = copy_entries(owner, above, fresh->id); !ok) return std::unexpected(ok.error());
        above = fresh->id;
    }
    return made;
}

void Sharing::forget(kv::Store& store, AccountId owner, kv::Batch& batch) {
    batch.erase(keys::public_limits(owner));
    const std::string begin = keys::granted_by(owner);
    std::string end = begin;
    end.append(10, '\xff');
    auto cursor = store.scan(begin, end);
    for (; cursor->valid(); cursor->next()) {
        Decoder in{cursor->key().substr(std::min(begin.size(), cursor->key().size()))};
        Principal who;
        who.kind = static_cast<Principal::Kind>(in.be<std::uint8_t>());
        who.id = in.be<std::uint64_t>();
        batch.erase(keys::granted(who, owner));
        batch.erase(cursor->key());
    }
}

// ---- what it comes to

Result<std::shared_ptr<const Who>> Sharing::who(const directory::AccountEntry& person) {
    const std::uint64_t version = people_version();
    {
        std::lock_guard lock{caches_};
        if (auto at = known_people_.find(person.id);
            at != known_people_.end() && at->second.version == version)
            return at->second.who;
    }
    auto now = directory_.account(person.id);  // its names may be others than when it logged in
    if (!now) return std::unexpected(from(now.error()));
    auto groups = directory_.groups_of(**now);
    if (!groups) return std::unexpected(from(groups.error()));
    auto made = std::make_shared<const Who>(Who{person.id, (*now)->domain, std::move(*groups)});
    std::lock_guard lock{caches_};
    if (known_people_.size() >= known_most) known_people_.clear();
    known_people_[person.id] = {version, made};
    return made;
}

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

bool Sharing::may_send_as(const directory::AccountEntry& person, const mime::AddrSpec& address) {
    const directory::Route route = directory_.route(address);
    if (auto* mailbox = std::get_if<directory::Mailbox>(&route)) {
        if (mailbox->account->id == person.id) return true;
        auto granted = rights(person, owner_of(*mailbox->account), FolderId{0});
        return granted && granted->has(Right::send_as);
    }
    if (auto* expansion = std::get_if<directory::Expansion>(&route)) {
        auto group = directory_.group(expansion->group);
        if (!group || !(*group)->members_send_as) return false;
        auto him = who(person);
        return him && std::ranges::binary_search((*him)->groups, expansion->group);
    }
    auto* folder = std::get_if<directory::PublicFolder>(&route);
    if (!folder) return false;
    if (folder->domain_sends_as && folder->domain == person.domain) return true;
    const auto domain = directory_.domain(folder->domain);
    if (!domain) return false;
    const Owner owner = public_owner(*domain);
    auto account = open(owner);
    if (!account) return false;
    auto there = (*account)->folder(folder->folder);
    auto granted = rights(person, owner, there ? there->id : FolderId{0});
    return granted && granted->has(Right::send_as);
}

// ---- names of principals

Result<Principal> Sharing::principal_named(DomainId domain_id, std::string_view name) const {
    const auto domain = directory_.domain(domain_id);
    if (!domain) return fail(MailError::no_such_account, "the domain is gone");
    if (text::equal_ci(name, "anyone")) return Principal::everyone(domain_id);
    std::string_view local = name;
    if (auto at = name.rfind('@'); at != std::string_view::npos) {
        local = name.substr(0, at);
        const auto named = directory_.domain(name.substr(at + 1));
        if (!named || named->id != domain_id)
            return fail(MailError::no_such_account,
                        "rights are for people and groups of the domain " + domain->name);
    }
    auto object = directory_.object(domain_id, local);
    if (object && object->kind == directory::ObjectKind::account) return Principal::account(object->id);
    if (object && object->kind == directory::ObjectKind::group) return Principal::group(object->id);
    return fail(MailError::no_such_account,
                "there is no account or group '" + std::string{name} + "' in " + domain->name);
}

std::string Sharing::name_of(const Principal& principal) const {
    switch (principal.kind) {
        case Principal::Kind::everyone: return "anyone";
        case Principal::Kind::account: {
            auto account = directory_.account(AccountId{principal.id});
            return account ? (*account)->address : std::string{};
        }
        case Principal::Kind::group: break;
    }
    auto group = directory_.group(AccountId{principal.id});
    return group ? (*group)->address : std::string{};
}

}  // namespace postrider::rights
