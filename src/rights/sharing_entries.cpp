#include "rights/sharing.h"

#include <algorithm>

#include "mailstore/errors.h"
#include "rights/keys.h"

/// What is said of folders, and who hears of it.
namespace postrider::rights {

using mailstore::fail;
using mailstore::MailError;

namespace {

constexpr std::size_t known_most = 10'000;  ///< owners whose lists stay in memory

/// What is said of a domain's public folders until somebody says otherwise: all of its people see them.
AccessList usual_public_list(DomainId domain) {
    return {{Principal::everyone(domain), RightSet{Right::lookup}, {}, true}};
}

/// Nobody gets in by a record that cannot be read.
AccessList closed(DomainId domain) {
    return {{Principal::everyone(domain), {}, every_right, true}};
}

}  // namespace

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

}  // namespace postrider::rights
