#include <algorithm>
#include <unordered_set>

#include "directory/impl.h"
#include "directory/keys.h"
#include "directory/names.h"

namespace postrider::directory {
namespace {

Result<AccountId> create(Directory::Impl& impl, records::Object object) {
    std::lock_guard lock{impl.writing};
    if (impl.domains.find(object.domain) == nullptr)
        return fail(DirectoryError::not_found, "there is no such domain");
    object.created =
        std::chrono::duration_cast<std::chrono::seconds>(impl.clock.now().time_since_epoch()).count();
    AccountId id = impl.counters.next_account;
    impl.counters.next_account = AccountId{id.value() + 1};
    kv::Batch batch;
    impl.put_counters(batch);
    if (auto put = impl.put_object(batch, id, nullptr, &object); !put) return std::unexpected(put.error());
    if (auto done = impl.commit(std::move(batch)); !done) return std::unexpected(done.error());
    impl.forget(id, object);
    return id;
}

Result<> must_be_group(const records::Object& object) {
    if (object.kind == ObjectKind::group || object.kind == ObjectKind::forwarder) return {};
    return fail(DirectoryError::not_found, "there is no such group or forwarder");
}

/// The same address for the index and for "who is a member twice".
std::string folded_address(const mime::AddrSpec& address) {
    return keys::member_of(address.domain, fold_local(address.local));
}

}  // namespace

Result<AccountId> Directory::create_group(DomainId domain, std::string_view name, ObjectKind kind) {
    if (kind != ObjectKind::group && kind != ObjectKind::forwarder)
        return fail(DirectoryError::bad_value, "a group or a forwarder is made here");
    records::Object object;
    object.kind = kind;
    object.domain = domain;
    object.name = name;
    return create(*impl_, std::move(object));
}

Result<AccountId> Directory::create_folder_recipient(DomainId domain, std::string_view name,
                                                     std::string_view folder) {
    if (folder.empty() || folder_detail(folder) != folder)
        return fail(DirectoryError::bad_value, "a folder recipient needs the path of a public folder");
    records::Object object;
    object.kind = ObjectKind::folder_recipient;
    object.domain = domain;
    object.name = name;
    object.folder = folder;
    return create(*impl_, std::move(object));
}

Result<> Directory::add_member(AccountId group, const mime::AddrSpec& member) {
    return add_members(group, {&member, 1});
}

Result<> Directory::add_members(AccountId group, std::span<const mime::AddrSpec> members) {
    std::lock_guard lock{impl_->writing};
    auto done = impl_->update(group, "group or forwarder", [&](records::Object& object) -> Result<> {
        if (auto good = must_be_group(object); !good) return good;
        std::unordered_set<std::string> known;
        for (const mime::AddrSpec& member : object.members) known.insert(folded_address(member));
        for (mime::AddrSpec member : members) {
            auto its_domain = normal_domain(member.domain);
            if (member.local.empty() || member.local.size() > 64 || !its_domain
                || member.local.find('\0') != std::string::npos)
                return fail(DirectoryError::bad_name, "'" + member.text() + "' is not an address");
            member.domain = std::move(*its_domain);
            if (!known.insert(folded_address(member)).second) continue;
            if (object.members.size() >= impl_->options.max_members)
                return fail(DirectoryError::not_allowed, "the group has as many members as it may have ("
                                                             + std::to_string(impl_->options.max_members)
                                                             + ")");
            object.members.push_back(std::move(member));
        }
        return {};
    });
    if (!done) return std::unexpected(done.error());
    return {};
}

Result<> Directory::remove_member(AccountId group, const mime::AddrSpec& member) {
    std::lock_guard lock{impl_->writing};
    auto done = impl_->update(group, "group or forwarder", [&](records::Object& object) -> Result<> {
        if (auto good = must_be_group(object); !good) return good;
        mime::AddrSpec wanted{member.local, normal_domain(member.domain).value_or(member.domain)};
        std::string folded = folded_address(wanted);
        if (std::erase_if(object.members,
                          [&](const mime::AddrSpec& one) { return folded_address(one) == folded; })
            == 0)
            return fail(DirectoryError::not_found,
                        "'" + member.text() + "' is not a member of '" + object.name + "'");
        return {};
    });
    if (!done) return std::unexpected(done.error());
    return {};
}

Result<std::shared_ptr<const GroupEntry>> Directory::group(AccountId id) const {
    auto entry = impl_->find_object(id);
    if (!entry) return std::unexpected(entry.error());
    if (auto* group = std::get_if<std::shared_ptr<const GroupEntry>>(&*entry)) return std::move(*group);
    return fail(DirectoryError::not_found, "there is no such group or forwarder");
}

Result<std::shared_ptr<const FolderRecipient>> Directory::folder_recipient(AccountId id) const {
    auto entry = impl_->find_object(id);
    if (!entry) return std::unexpected(entry.error());
    if (auto* recipient = std::get_if<std::shared_ptr<const FolderRecipient>>(&*entry))
        return std::move(*recipient);
    return fail(DirectoryError::not_found, "there is no such folder recipient");
}

Result<std::vector<ListedObject>> Directory::membership(const mime::AddrSpec& member) const {
    std::string begin =
        keys::member_of(normal_domain(member.domain).value_or(member.domain), fold_local(member.local));
    std::vector<ListedObject> found;
    auto cursor = impl_->store.scan(begin, keys::after(begin));
    for (; cursor->valid(); cursor->next()) {
        std::string_view key = cursor->key();
        if (key.size() != begin.size() + sizeof(std::uint64_t)) continue;
        Decoder id{key.substr(begin.size())};
        auto entry = group(AccountId{id.be<std::uint64_t>()});
        if (!entry && entry.error().kind == DirectoryError::not_found) continue;
        if (!entry) return std::unexpected(entry.error());
        found.push_back({(*entry)->id, (*entry)->kind, (*entry)->name});
    }
    if (auto good = cursor->status(); !good) return fail(DirectoryError::storage, good.error().what);
    return found;
}

std::uint64_t Directory::membership_version() const {
    return impl_->membership_version.load(std::memory_order_acquire);
}

Result<std::vector<AccountId>> Directory::groups_of(const AccountEntry& account) const {
    constexpr std::size_t most = 10'000;
    const auto its_domain = domain(account.domain);
    if (!its_domain) return std::vector<AccountId>{};
    std::vector<std::string> domains{its_domain->name};
    domains.insert(domains.end(), its_domain->aliases.begin(), its_domain->aliases.end());
    std::vector<std::string> locals{account.name};
    locals.insert(locals.end(), account.aliases.begin(), account.aliases.end());
    std::unordered_set<AccountId> found;
    while (!locals.empty() && found.size() < most) {
        const std::string local = std::move(locals.back());
        locals.pop_back();
        for (const std::string& name : domains) {
            auto groups = membership({local, name});
            if (!groups) return std::unexpected(groups.error());
            for (const ListedObject& one : *groups) {
                auto entry = group(one.id);
                if (!entry && entry.error().kind == DirectoryError::not_found) continue;
                if (!entry) return std::unexpected(entry.error());
                const GroupEntry& its = **entry;
                if (its.kind != ObjectKind::group || its.domain != account.domain || !its.enabled) continue;
                if (!found.insert(its.id).second) continue;
                locals.push_back(its.name);
                locals.insert(locals.end(), its.aliases.begin(), its.aliases.end());
            }
        }
    }
    std::vector<AccountId> all(found.begin(), found.end());
    std::sort(all.begin(), all.end());
    return all;
}

Result<Directory::Expanded> Directory::expand(const Expansion& start) const {
    Expanded result;
    std::unordered_set<std::string> seen;               // addresses, folded
    std::unordered_set<AccountId> groups{start.group};  // already opened: loops end here
    std::vector<std::shared_ptr<const std::vector<mime::AddrSpec>>> open{start.members};
    std::size_t looked_at = 0;  // members may repeat: the work is bounded too, not the result alone
    for (std::size_t i = 0; i < open.size(); ++i) {
        auto members = open[i];
        for (const mime::AddrSpec& member : *members) {
            if (result.members.size() >= impl_->options.max_members
                || ++looked_at > 4 * impl_->options.max_members) {
                result.truncated = true;
                return result;
            }
            Route where = route(member);
            if (auto* failed = std::get_if<Unavailable>(&where))
                return fail(DirectoryError::storage, failed->what);
            if (auto* inner = std::get_if<Expansion>(&where)) {
                if (groups.insert(inner->group).second) open.push_back(inner->members);
                continue;
            }
            // A group that is switched off says Disabled: leave it out. An account that is may be back when
            // the mail is delivered, so it stays.
            if (std::holds_alternative<Disabled>(where)) {
                auto its_domain = impl_->domains.find(member.domain);
                auto named = its_domain ? object(its_domain->id, member.local)
                                        : Result<ListedObject>{fail(DirectoryError::not_found, "")};
                if (named && named->kind != ObjectKind::account) continue;
            }
            // Two spellings of one mailbox are one recipient.
            std::string key;
            if (auto* box = std::get_if<Mailbox>(&where))
                key = std::to_string(box->account->id.value()) + '\0' + box->folder;
            else
                key = folded_address(member);
            if (seen.insert(std::move(key)).second) result.members.push_back(member);
        }
    }
    return result;
}

}  // namespace postrider::directory
