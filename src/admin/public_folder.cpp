// Folders that belong to a domain and not to a person.

#include <algorithm>

#include "admin/chapters.h"
#include "admin/sharing.h"

namespace postrider::admin {
namespace {

using mailstore::FolderKind;

struct KindWord {
    std::string_view word;
    FolderKind kind;
};
// As the CLI calls them.
constexpr KindWord kinds[] = {{"mail", FolderKind::mail},   {"events", FolderKind::calendar},
                              {"tasks", FolderKind::tasks}, {"journal", FolderKind::journal},
                              {"notes", FolderKind::notes}, {"contacts", FolderKind::contacts}};

std::string_view word(FolderKind kind) {
    auto at = std::ranges::find(kinds, kind, &KindWord::kind);
    return at == std::end(kinds) ? std::string_view{} : at->word;
}

/// The public folders of the domain that an operation is about.
struct Publics {
    std::shared_ptr<const directory::Domain> domain;
    rights::Owner owner;
    std::shared_ptr<mailstore::Account> folders;
};

std::expected<Publics, Error> publics_of(Context& context, const Arguments& arguments) {
    auto domain = find_domain(context, arguments.text("domain"));
    if (!domain) return std::unexpected(domain.error());
    if (context.sharing == nullptr) return fail(Error::Kind::not_running, "Nothing is shared here");
    rights::Owner owner = context.sharing->public_owner(**domain);
    auto folders = need(context.sharing->open(owner));
    if (!folders) return std::unexpected(folders.error());
    return Publics{std::move(*domain), std::move(owner), std::move(*folders)};
}

Json described(const mailstore::FolderInfo& folder) {
    return Json{{"path", folder.path},   {"kind", word(folder.kind)},       {"messages", folder.messages},
                {"bytes", folder.bytes}, {"selectable", folder.selectable}, {"id", folder.id.value()}};
}

Result list(Context& context, const Arguments& arguments, const Progress&) {
    auto publics = publics_of(context, arguments);
    if (!publics) return std::unexpected(publics.error());
    auto all = need(publics->folders->folders());
    if (!all) return std::unexpected(all.error());
    Json rows = Json::array();
    for (const mailstore::FolderInfo& folder : *all) rows.push_back(described(folder));
    return Json{{"root", publics->owner.name}, {"folders", std::move(rows)}};
}

Result add(Context& context, const Arguments& arguments, const Progress&) {
    auto publics = publics_of(context, arguments);
    if (!publics) return std::unexpected(publics.error());
    const std::string kind = arguments.text("kind", "mail");
    auto known = std::ranges::find(kinds, kind, &KindWord::word);
    if (known == std::end(kinds))
        return fail(
            Error::Kind::bad_value,
            "'" + kind
                + "' is no kind of folder; there are mail, events, tasks, journal, notes and contacts");
    const std::string path = arguments.text("folder");
    auto made = need(publics->folders->create_folder(path, known->kind));
    if (!made) return std::unexpected(made.error());
    Json out = described(*made);
    if (auto address = arguments.maybe_text("address")) {
        auto id = need(context.directory.create_folder_recipient(publics->domain->id, *address, made->path));
        if (!id) {
            (void)publics->folders->delete_folder(made->id);
            return std::unexpected(id.error());
        }
        auto recipient = need(context.directory.folder_recipient(*id));
        if (!recipient) return std::unexpected(recipient.error());
        out["address"] = (*recipient)->address;
    }
    return out;
}

template <class Do>
Result with_folder(Context& context, const Arguments& arguments, Do&& act) {
    auto publics = publics_of(context, arguments);
    if (!publics) return std::unexpected(publics.error());
    auto folder = need(publics->folders->folder(arguments.text("folder")));
    if (!folder) return std::unexpected(folder.error());
    if (auto ok = need(act(*publics, *folder)); !ok) return std::unexpected(ok.error());
    return done();
}

Result remove(Context& context, const Arguments& arguments, const Progress&) {
    return with_folder(context, arguments, [](Publics& publics, const mailstore::FolderInfo& folder) {
        return publics.folders->delete_folder(folder.id);
    });
}

/// Addresses stay with the folder.
Result rename(Context& context, const Arguments& arguments, const Progress&) {
    return with_folder(context, arguments,
                       [&](Publics& publics, const mailstore::FolderInfo& folder) -> mailstore::Result<> {
                           const std::string to = arguments.text("name");
                           if (auto ok = publics.folders->rename_folder(folder.id, to); !ok) return ok;
                           auto now = publics.folders->folder(folder.id);
                           if (!now) return std::unexpected(now.error());
                           follow(context, *publics.domain, folder.path, now->path);
                           return {};
                       });
}

Result root(Context& context, const Arguments& arguments, const Progress&) {
    auto publics = publics_of(context, arguments);
    if (!publics) return std::unexpected(publics.error());
    if (auto name = arguments.maybe_text("name"))
        if (auto ok = need(context.sharing->rename_public_root(publics->domain->id, *name)); !ok)
            return std::unexpected(ok.error());
    return Json{{"root", context.sharing->public_root(publics->domain->id)}};
}

Result quota(Context& context, const Arguments& arguments, const Progress&) {
    auto publics = publics_of(context, arguments);
    if (!publics) return std::unexpected(publics.error());
    mailstore::QuotaLimits limits = context.sharing->public_limits(publics->owner.id);
    constexpr std::uint64_t kb = 1024;
    limits.folders = arguments.number("folders", limits.folders);
    limits.messages = arguments.number("messages", limits.messages);
    limits.bytes = arguments.number("size", limits.bytes / kb) * kb;
    limits.folder_messages = arguments.number("folder-messages", limits.folder_messages);
    limits.folder_bytes = arguments.number("folder-size", limits.folder_bytes / kb) * kb;
    bool changes = false;
    for (std::string_view name : {"folders", "messages", "size", "folder-messages", "folder-size"})
        changes = changes || arguments.has(name);
    if (changes)
        if (auto ok = need(context.sharing->limit_public(publics->owner, limits)); !ok)
            return std::unexpected(ok.error());
    const mailstore::Quota now = publics->folders->quota();
    return Json{{"used_folders", now.used_folders},
                {"limit_folders", limits.folders},
                {"used_messages", now.used_messages},
                {"limit_messages", limits.messages},
                {"used_bytes", now.used_bytes},
                {"limit_bytes", limits.bytes},
                {"limit_folder_messages", limits.folder_messages},
                {"limit_folder_bytes", limits.folder_bytes}};
}

constexpr Argument the_domain{"domain", Type::text, "Name or alias of the domain", true};
constexpr Argument the_folder{"folder", Type::text, "Path among the domain's public folders", true};
constexpr Argument only_domain[] = {the_domain};
constexpr Argument only_folder[] = {the_domain, the_folder};
constexpr Argument add_arguments[] = {
    the_domain,
    the_folder,
    {"kind", Type::text, "mail, events, tasks, journal, notes or contacts [mail]"},
    {"address", Type::text, "Local part of an address whose mail goes into it"}};
constexpr Argument rename_arguments[] = {the_domain, the_folder, {"name", Type::text, "New path", true}};
constexpr Argument root_arguments[] = {
    the_domain, {"name", Type::text, "What people shall see instead of \"Public Folders\""}};
constexpr Argument quota_arguments[] = {
    the_domain,
    {"folders", Type::number, "At most so many folders; 0: no limit, as with the others"},
    {"messages", Type::number, "Messages in all of them"},
    {"size", Type::number, "Their size in KB"},
    {"folder-messages", Type::number, "Messages in one folder"},
    {"folder-size", Type::number, "Their size in KB"}};

constexpr Operation operations[] = {
    {"publicfolder list", "List the public folders of a domain", only_domain, list},
    {"publicfolder add", "Make one, and give it an address", add_arguments, add, true},
    {"publicfolder delete", "Delete one and what is in it; its addresses stay", only_folder, remove, true},
    {"publicfolder rename", "Give one another name; its addresses stay with it", rename_arguments, rename,
     true},
    {"publicfolder root", "Show what people see above the public folders, or call it otherwise",
     root_arguments, root, true},
    {"publicfolder quota", "Show what the public folders of a domain hold, and limit it", quota_arguments,
     quota, true},
};

}  // namespace

void follow(Context& context, const directory::Domain& domain, std::string_view from, std::string_view to) {
    const std::string below = std::string{from} + '/';
    std::string after;
    do {
        auto page =
            context.directory.list(domain.id, directory::ObjectKind::folder_recipient, {}, after, 1'000);
        if (!page) return;
        for (const directory::ListedObject& one : page->objects) {
            auto recipient = context.directory.folder_recipient(one.id);
            if (!recipient) continue;
            const std::string& folder = (*recipient)->folder;
            directory::ObjectChange change;
            if (folder == from)
                change.folder = std::string{to};
            else if (folder.starts_with(below))
                change.folder = std::string{to} + '/' + folder.substr(below.size());
            else
                continue;
            (void)context.directory.change_object(one.id, change);
        }
        after = page->next;
    } while (!after.empty());
}

Chapter public_folder_chapter() {
    return {"publicfolder", "Folders of a domain", operations};
}

}  // namespace postrider::admin
