#include "cli/contexts/delegates.h"

#include <fmt/core.h>

#include "cli/contexts/branches.h"
#include "text/ascii.h"

namespace postrider::cli {
namespace {

using rights::Right;
using rights::RightSet;
using How = rights::Sharing::How;

constexpr RightSet reads{Right::lookup, Right::read};
constexpr RightSet writes{Right::insert, Right::mark_deleted, Right::expunge, Right::write_flags};
constexpr RightSet sees_busy{Right::free_busy};

struct Resource {
    std::string_view word;
    std::string_view folder;  ///< "": the account as a whole
    mailstore::FolderKind kind;
};
constexpr Resource resources[] = {{"calendar", "Calendar", mailstore::FolderKind::calendar},
                                  {"tasks", "Tasks", mailstore::FolderKind::tasks},
                                  {"freebusy", "", mailstore::FolderKind::mail}};

const Resource* resource_named(std::string_view word) {
    for (const Resource& one : resources)
        if (text::equal_ci(one.word, word)) return &one;
    return nullptr;
}

RightSet rights_of(const Resource& resource, std::string_view permissions) {
    if (resource.folder.empty()) return permissions.empty() ? RightSet{} : sees_busy;
    RightSet set;
    if (permissions.find('r') != permissions.npos) set = set | reads;
    if (permissions.find('w') != permissions.npos) set = set | writes;
    return set;
}

std::string permissions_of(const Resource& resource, RightSet set) {
    if (resource.folder.empty()) return set.has_all(sees_busy) ? "r" : "";
    std::string text = set.has_all(reads) ? "r" : "";
    if (set.has_all(writes)) text += 'w';
    return text;
}

}  // namespace

Step<std::vector<DelegateRow>> delegates_of(rights::Sharing& sharing,
                                            const directory::AccountEntry& account) {
    const rights::Owner owner = sharing.owner_of(account);
    auto folders = step(sharing.open(owner));
    if (!folders) return std::unexpected(folders.error());
    std::vector<DelegateRow> rows;
    for (const Resource& resource : resources) {
        FolderId id{0};
        if (!resource.folder.empty()) {
            auto folder = (*folders)->folder(resource.folder);
            if (!folder) continue;
            id = folder->id;
        }
        auto entries = step(sharing.entries(owner, id));
        if (!entries) return std::unexpected(entries.error());
        for (const rights::Entry& entry : *entries) {
            std::string may = permissions_of(resource, entry.allow - entry.deny);
            std::string name = sharing.name_of(entry.who);
            if (!may.empty() && !name.empty())
                rows.push_back({std::move(name), std::string{resource.word}, std::move(may)});
        }
    }
    return rows;
}

Step<> check_delegate(rights::Sharing& sharing, DomainId domain, const DelegateEdit& edit) {
    if (!resource_named(edit.resource))
        return std::unexpected("a resource is one of calendar, tasks, freebusy");
    for (std::string_view known : {"", "r", "w", "rw"})
        if (edit.permissions == known) {
            auto who = step(sharing.principal_named(domain, edit.delegate));
            if (!who) return std::unexpected(who.error());
            return {};
        }
    return std::unexpected("permissions are r, w or rw");
}

Step<> apply_delegate(rights::Sharing& sharing, const directory::AccountEntry& account,
                      const DelegateEdit& edit) {
    const Resource* resource = resource_named(edit.resource);
    auto who = step(sharing.principal_named(account.domain, edit.delegate));
    if (!who) return std::unexpected(who.error());
    const rights::Owner owner = sharing.owner_of(account);
    FolderId id{0};
    if (!resource->folder.empty()) {
        auto folders = step(sharing.open(owner));
        if (!folders) return std::unexpected(folders.error());
        auto folder = (*folders)->folder(resource->folder);
        if (!folder) {
            if (edit.permissions.empty()) return {};
            folder = (*folders)->create_folder(resource->folder, resource->kind);
        }
        if (!folder) return std::unexpected(folder.error().what);
        id = folder->id;
    }
    const RightSet all = resource->folder.empty() ? sees_busy : reads | writes;
    const RightSet granted = rights_of(*resource, edit.permissions);
    if (auto less = step(sharing.change_rights(owner, id, *who, all - granted, How::take_away, false)); !less)
        return less;
    if (granted.empty()) return {};
    return step(sharing.change_rights(owner, id, *who, granted, How::add, false));
}

}  // namespace postrider::cli
