#include "admin/account_search.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>

#include "admin/lookup.h"

namespace postrider::admin {
namespace {

using mailstore::Account;
using mailstore::FolderInfo;
using mailstore::FolderKind;

std::unexpected<Error> refuse(Error::Kind kind, std::string what) {
    return std::unexpected(Error{kind, std::move(what)});
}

std::expected<std::shared_ptr<Account>, Error> mail_of(Context& context, const Arguments& arguments) {
    auto entry = find_account(context, arguments.text("account"));
    if (!entry) return std::unexpected(entry.error());
    return need(mailstore::open_or_create(context.store, (*entry)->id));
}

std::expected<void, Error> check_criteria(const Context& context, const std::string& criteria) {
    if (!context.wrong_search) return refuse(Error::Kind::not_running, "Searches cannot be checked here");
    if (auto wrong = context.wrong_search(criteria)) return refuse(Error::Kind::bad_value, *wrong);
    return {};
}

std::expected<FolderInfo, Error> search_folder(Account& account, const std::string& path) {
    auto folder = need(account.folder(path));
    if (folder && folder->kind != FolderKind::search)
        return refuse(Error::Kind::not_found, fmt::format("'{}' is no search folder", path));
    return folder;
}

/// "3 17": the ids of the folders that are searched, so that they may be renamed.
std::expected<std::string, Error> sources_of(Account& account, const std::vector<std::string>& paths) {
    std::string ids;
    for (const std::string& path : paths) {
        auto folder = need(account.folder(path));
        if (!folder) return std::unexpected(folder.error());
        if (folder->kind != FolderKind::mail)
            return refuse(Error::Kind::bad_value, fmt::format("'{}' has no messages of its own", path));
        if (!ids.empty()) ids += ' ';
        ids += std::to_string(folder->id.value());
    }
    return ids;
}

Json paths_of(Account& account, std::string_view ids) {
    Json paths = Json::array();
    while (!ids.empty()) {
        const std::size_t end = std::min(ids.find(' '), ids.size());
        std::uint32_t id = 0;
        std::from_chars(ids.data(), ids.data() + end, id);
        if (auto folder = account.folder(FolderId{id})) paths.push_back(folder->path);
        ids.remove_prefix(std::min(end + 1, ids.size()));
    }
    return paths;
}

}  // namespace

Result account_search_add(Context& context, const Arguments& arguments, const Progress&) {
    auto account = mail_of(context, arguments);
    if (!account) return std::unexpected(account.error());
    const std::string criteria = arguments.text("criteria");
    if (auto fine = check_criteria(context, criteria); !fine) return std::unexpected(fine.error());
    auto sources = sources_of(**account, arguments.list("folder"));
    if (!sources) return std::unexpected(sources.error());
    auto folders = need((*account)->folders());
    if (!folders) return std::unexpected(folders.error());
    const auto there = std::count_if(folders->begin(), folders->end(),
                                     [](const FolderInfo& one) { return one.kind == FolderKind::search; });
    if (static_cast<std::size_t>(there) >= mailstore::max_search_folders)
        return refuse(Error::Kind::not_allowed,
                      fmt::format("An account has at most {} search folders", mailstore::max_search_folders));
    auto made = need((*account)->create_folder(arguments.text("path"), FolderKind::search));
    if (!made) return std::unexpected(made.error());
    std::vector<Account::AnnotationChange> notes{{std::string{mailstore::search_criteria_entry}, criteria}};
    if (!sources->empty()) notes.push_back({std::string{mailstore::search_sources_entry}, *sources});
    if (auto noted = need((*account)->annotate(made->id, notes)); !noted) {
        (void)(*account)->delete_folder(made->id);
        return std::unexpected(noted.error());
    }
    return Json{{"path", made->path}, {"id", made->id.value()}};
}

Result account_search_list(Context& context, const Arguments& arguments, const Progress&) {
    auto account = mail_of(context, arguments);
    if (!account) return std::unexpected(account.error());
    auto folders = need((*account)->folders());
    if (!folders) return std::unexpected(folders.error());
    Json rows = Json::array();
    for (const FolderInfo& folder : *folders) {
        if (folder.kind != FolderKind::search) continue;
        auto notes = need((*account)->annotations(folder.id));
        if (!notes) return std::unexpected(notes.error());
        Json row{{"path", folder.path}, {"criteria", ""}, {"folders", Json::array()}};
        for (const mailstore::Annotation& note : *notes) {
            if (note.name == mailstore::search_criteria_entry) row["criteria"] = note.value;
            if (note.name == mailstore::search_sources_entry)
                row["folders"] = paths_of(**account, note.value);
        }
        row["messages"] = folder.messages;
        row["unseen"] = folder.unseen;
        rows.push_back(std::move(row));
    }
    return Json{{"searches", std::move(rows)}};
}

Result account_search_change(Context& context, const Arguments& arguments, const Progress&) {
    auto account = mail_of(context, arguments);
    if (!account) return std::unexpected(account.error());
    auto folder = search_folder(**account, arguments.text("path"));
    if (!folder) return std::unexpected(folder.error());
    std::vector<Account::AnnotationChange> notes;
    if (auto criteria = arguments.maybe_text("criteria")) {
        if (auto fine = check_criteria(context, *criteria); !fine) return std::unexpected(fine.error());
        notes.push_back({std::string{mailstore::search_criteria_entry}, *criteria});
    }
    if (arguments.has("folder")) {
        auto sources = sources_of(**account, arguments.list("folder"));
        if (!sources) return std::unexpected(sources.error());
        notes.push_back({std::string{mailstore::search_sources_entry}, *sources});
    }
    if (arguments.flag("everywhere"))
        notes.push_back({std::string{mailstore::search_sources_entry}, std::nullopt});
    if (notes.empty()) return refuse(Error::Kind::usage, "Say what is to change");
    if (auto noted = need((*account)->annotate(folder->id, notes)); !noted)
        return std::unexpected(noted.error());
    return Json::object();
}

/// All of it is searched again when somebody looks at it next.
Result account_search_restart(Context& context, const Arguments& arguments, const Progress&) {
    auto account = mail_of(context, arguments);
    if (!account) return std::unexpected(account.error());
    auto folder = search_folder(**account, arguments.text("path"));
    if (!folder) return std::unexpected(folder.error());
    while (true) {
        auto state = need((*account)->link_state(folder->id));
        if (!state) return std::unexpected(state.error());
        mailstore::Relink forget;
        forget.before = *state;
        auto done = need((*account)->relink(folder->id, forget));
        if (!done) return std::unexpected(done.error());
        if (*done) return Json::object();  // else a session was faster: what it has found is to be forgotten
    }
}

/// The messages stay where they lie.
Result account_search_remove(Context& context, const Arguments& arguments, const Progress&) {
    auto account = mail_of(context, arguments);
    if (!account) return std::unexpected(account.error());
    auto folder = search_folder(**account, arguments.text("path"));
    if (!folder) return std::unexpected(folder.error());
    if (auto done = need((*account)->delete_folder(folder->id)); !done) return std::unexpected(done.error());
    return Json::object();
}

}  // namespace postrider::admin
