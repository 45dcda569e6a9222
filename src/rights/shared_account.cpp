#include "rights/shared_account.h"

#include <algorithm>
#include <map>

#include "mailstore/errors.h"

/// Folders: which are seen, and by which names.
namespace postrider::rights {

using mailstore::fail;
using mailstore::FolderInfo;
using mailstore::MailError;

namespace {

std::unexpected<mailstore::Failure> unknown() {
    return fail(MailError::no_such_folder, "no such folder");
}

std::string root_of(const Owner& owner) {
    return owner.is_public ? owner.name : std::string{others_root} + '/' + owner.name;
}

}  // namespace

SharedAccount::SharedAccount(Sharing& sharing, std::shared_ptr<mailstore::Account> inner, Owner owner,
                             Person person)
    : sharing_{sharing},
      inner_{std::move(inner)},
      owner_{std::move(owner)},
      person_{std::move(person)},
      root_{root_of(owner_)} {}

/// Rights count as they are now: what was looked at before is used again only while nothing has changed.
Result<> SharedAccount::refresh() {
    const std::uint64_t people = sharing_.people_version();
    if (!who_ || people != people_version_) {
        auto who = sharing_.who(*person_);
        if (!who) return std::unexpected(who.error());
        who_ = std::move(*who);
        people_version_ = people;
    }
    if (!lists_ || lists_->shape != inner_->shape()) {
        auto lists = sharing_.lists(owner_, *inner_);
        if (!lists) return std::unexpected(lists.error());
        lists_ = std::move(*lists);
    }
    return {};
}

Result<RightSet> SharedAccount::rights(FolderId folder) {
    if (auto ok = refresh(); !ok) return std::unexpected(ok.error());
    return sharing_.evaluate(*who_, owner_, *lists_, folder);
}

/// The person's rights on the folder, when all of those are among them.
Result<RightSet> SharedAccount::need(FolderId folder, RightSet all) {
    auto has = rights(folder);
    if (!has) return has;
    if (!has->has_any(folder_rights)) return unknown();  // RFC 4314 §6: not even that it exists
    if (!has->has_all(all)) return fail(MailError::no_permission, "that right was not granted");
    return has;
}

Result<std::string> SharedAccount::inner_path(std::string_view path) const {
    if (!path.starts_with(root_) || path.size() < root_.size() + 2 || path[root_.size()] != '/')
        return unknown();
    return std::string{path.substr(root_.size() + 1)};
}

FolderInfo SharedAccount::root_info() const {
    FolderInfo info;
    info.path = root_;
    info.selectable = false;
    return info;
}

FolderInfo SharedAccount::seen_from_outside(FolderInfo info, RightSet rights) const {
    info.path = root_ + '/' + info.path;
    info.subscribed = false;  // the person's own account knows
    // Whose Trash it is is his business: clients would take it for the person's own (RFC 6154 §2).
    info.special_use = mailstore::SpecialUse::none;
    if (!rights.has(Right::read)) {
        info.messages = info.unseen = info.deleted = 0;
        info.bytes = 0;
        info.keywords.clear();
    }
    return info;
}

Result<std::vector<FolderInfo>> SharedAccount::folders() {
    if (auto ok = refresh(); !ok) return std::unexpected(ok.error());
    auto all = inner_->folders();
    if (!all) return all;
    std::vector<FolderInfo> seen;
    std::map<std::uint32_t, std::size_t> by_id;
    for (std::size_t i = 0; i < all->size(); ++i) by_id[(*all)[i].id.value()] = i;
    std::vector<char> leads(all->size()), shown(all->size());
    for (std::size_t i = 0; i < all->size(); ++i) {
        const RightSet has = sharing_.evaluate(*who_, owner_, *lists_, (*all)[i].id);
        if (!has.has(Right::lookup)) continue;
        shown[i] = 1;
        for (auto up = by_id.find((*all)[i].parent.value()); up != by_id.end() && !leads[up->second];
             up = by_id.find((*all)[up->second].parent.value()))
            leads[up->second] = 1;
        seen.push_back(seen_from_outside((*all)[i], has));
    }
    // Clients that go level by level must find a way to what they may see.
    for (std::size_t i = 0; i < all->size(); ++i) {
        if (!leads[i] || shown[i]) continue;
        FolderInfo way = seen_from_outside((*all)[i], {});
        way.selectable = false;
        seen.push_back(std::move(way));
    }
    if (!seen.empty()) seen.push_back(root_info());
    std::sort(seen.begin(), seen.end(),
              [](const FolderInfo& a, const FolderInfo& b) { return a.path < b.path; });
    return seen;
}

Result<FolderInfo> SharedAccount::folder(std::string_view path) {
    if (path == root_) {
        auto has = rights(FolderId{0});
        if (!has) return std::unexpected(has.error());
        if (!has->has_any(folder_rights)) return unknown();
        return root_info();
    }
    auto inside = inner_path(path);
    if (!inside) return std::unexpected(inside.error());
    auto info = inner_->folder(*inside);
    if (!info) return info;
    return folder(info->id);
}

Result<FolderInfo> SharedAccount::folder(FolderId id) {
    if (id.value() == 0) return folder(root_);
    auto has = need(id, {});
    if (!has) return std::unexpected(has.error());
    auto info = inner_->folder(id);
    if (!info) return info;
    FolderInfo out = seen_from_outside(std::move(*info), *has);
    if (auto ok = count_unseen(out, *has); !ok) return std::unexpected(ok.error());
    return out;
}

/// RFC 4314 §4: CREATE needs "k" on the nearest parent that exists.
Result<FolderInfo> SharedAccount::create_folder(std::string_view path, mailstore::FolderKind kind,
                                                mailstore::SpecialUse) {
    auto inside = inner_path(path);
    if (!inside) return fail(MailError::no_permission, "folders of others lie below their names");
    FolderId parent;
    std::string first_new;
    for (std::size_t end = 0; end < inside->size();) {
        end = std::min(inside->find('/', end + 1), inside->size());
        auto there = inner_->folder(std::string_view{*inside}.substr(0, end));
        if (!there) {
            first_new = inside->substr(0, end);
            break;
        }
        parent = there->id;
    }
    auto has = rights(parent);
    if (!has) return std::unexpected(has.error());
    if (!has->has(Right::create)) {
        // Names that the person must not know of are no answer to his guesses (RFC 4314 §6).
        return fail(MailError::no_permission, "that right was not granted");
    }
    auto made = sharing_.create(owner_, *inner_, *inside, kind, mailstore::SpecialUse::none);
    if (!made) return made;
    auto mine = first_new.empty() ? made : inner_->folder(first_new);
    if (mine) {
        Entry entry{Principal::account(person_->id), folder_rights, {}, true};
        if (auto ok = sharing_.put(owner_, mine->id, entry); !ok) return std::unexpected(ok.error());
    }
    return folder(made->id);
}

Result<> SharedAccount::delete_folder(FolderId id) {
    if (id.value() == 0) return fail(MailError::no_permission, "the root stays");
    if (auto has = need(id, RightSet{Right::remove}); !has) return std::unexpected(has.error());
    return inner_->delete_folder(id);
}

/// RFC 4314 §4: "x" on the folder, "k" on what it then lies in.
Result<> SharedAccount::rename_folder(FolderId id, std::string_view new_path) {
    if (id.value() == 0) return fail(MailError::no_permission, "the root stays");
    if (auto has = need(id, RightSet{Right::remove}); !has) return std::unexpected(has.error());
    auto inside = inner_path(new_path);
    if (!inside) return fail(MailError::no_permission, "a folder stays with its owner");
    FolderId parent;
    for (std::size_t end = inside->rfind('/'); end != std::string::npos && end > 0;
         end = inside->rfind('/', end - 1)) {
        auto there = inner_->folder(std::string_view{*inside}.substr(0, end));
        if (!there) continue;
        parent = there->id;
        break;
    }
    auto has = rights(parent);
    if (!has) return std::unexpected(has.error());
    if (!has->has(Right::create)) return fail(MailError::no_permission, "that right was not granted");
    return inner_->rename_folder(id, *inside);
}

Result<> SharedAccount::subscribe(std::string_view, bool) {
    return fail(MailError::no_permission, "subscriptions are kept with their subscriber");
}

Result<std::vector<std::string>> SharedAccount::subscriptions() {
    return std::vector<std::string>{};
}

Result<std::vector<mailstore::Account::AccessList>> SharedAccount::access_lists() {
    return fail(MailError::no_permission, "ask for the entries of a folder");
}

Result<> SharedAccount::set_access_list(FolderId, std::string_view, const std::function<void(kv::Batch&)>&) {
    return fail(MailError::no_permission, "set the entries of a folder");
}

Result<RightSet> rights_in(mailstore::Account& account, FolderId folder) {
    auto* shared = dynamic_cast<SharedAccount*>(&account);
    return shared ? shared->rights(folder) : Result<RightSet>{every_right};
}

}  // namespace postrider::rights
