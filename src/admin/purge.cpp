#include "admin/purge.h"

#include <fmt/core.h>

#include "admin/chapters.h"
#include "admin/lookup.h"
#include "mailstore/uid_set.h"
#include "text/ascii.h"

namespace postrider::admin {
namespace {

using Kind = Error::Kind;
using mailstore::FolderInfo;
using mailstore::FolderKind;
using mailstore::SpecialUse;

constexpr std::size_t max_folders = 100, max_criteria = 10;

bool is_meant(const FolderInfo& folder, const std::string& name) {
    if (folder.path == name) return true;
    if (text::equal_ci(name, "INBOX")) return text::equal_ci(folder.path, "INBOX");
    if (text::equal_ci(name, "Trash")) return folder.special_use == SpecialUse::trash;
    if (text::equal_ci(name, "Spam")) return folder.special_use == SpecialUse::junk;
    return false;
}

/// How many messages went.
std::expected<std::uint64_t, Error> purge_folder(Context& context, mailstore::Account& account,
                                                 const FolderInfo& folder, const Purge& purge) {
    mailstore::UidSet found;
    {
        auto view = need(account.view(folder.id));
        if (!view) return std::unexpected(view.error());
        auto all = need((*view)->uids());
        if (!all) return std::unexpected(all.error());
        found = std::move(*all);
        for (const std::string& criteria : purge.criteria) {
            auto those = need(context.find_messages(account, **view, criteria));
            if (!those) return std::unexpected(those.error());
            found = intersect(found, *those);
        }
    }
    if (found.empty()) return 0;
    auto gone = need(account.expunge(folder.id, found, false));
    if (!gone) return std::unexpected(gone.error());
    return count(gone->uids);
}

void add(Purged& sum, const Purged& one) {
    sum.mailboxes += one.mailboxes;
    sum.folders += one.folders;
    sum.messages += one.messages;
}

}  // namespace

std::expected<void, Error> check(const Context& context, const Purge& purge) {
    if (purge.folders.empty()) return fail(Kind::bad_value, "No folder is named");
    if (purge.folders.size() > max_folders || purge.criteria.size() > max_criteria)
        return fail(Kind::bad_value, fmt::format("At most {} folders are purged at once", max_folders));
    for (const std::string& criteria : purge.criteria) {
        if (!context.wrong_search || !context.find_messages)
            return fail(Kind::not_running, "Searches cannot be run here");
        if (auto wrong = context.wrong_search(criteria)) return fail(Kind::bad_value, *wrong);
    }
    return {};
}

std::expected<Purged, Error> purge_mailbox(Context& context, AccountId mailbox, const Purge& purge,
                                           const Progress& progress) {
    auto account = need(mailstore::open_or_create(context.store, mailbox));
    if (!account) return std::unexpected(account.error());
    auto folders = need((*account)->folders());
    if (!folders) return std::unexpected(folders.error());
    Purged sum;
    for (const FolderInfo& folder : *folders) {
        if (folder.kind == FolderKind::search || !folder.selectable || folder.messages == 0) continue;
        const bool meant = std::ranges::any_of(
            purge.folders, [&](const std::string& name) { return is_meant(folder, name); });
        if (!meant) continue;
        progress(folder.path, 0);
        auto went = purge_folder(context, **account, folder, purge);
        if (!went && went.error().kind == Kind::not_found) continue;  // deleted meanwhile
        if (!went) return std::unexpected(went.error());
        sum.messages += *went;
        if (*went != 0) ++sum.folders;
    }
    if (sum.messages != 0) sum.mailboxes = 1;
    return sum;
}

std::expected<Purged, Error> purge_domain(Context& context, const directory::Domain& domain,
                                          bool public_folders, const Purge& purge, const Progress& progress) {
    if (public_folders) return purge_mailbox(context, domain.public_account, purge, progress);
    constexpr std::size_t page_size = 1000;
    Purged sum;
    std::string after;
    do {
        auto page =
            need(context.directory.list(domain.id, directory::ObjectKind::account, {}, after, page_size));
        if (!page) return std::unexpected(page.error());
        for (const directory::ListedObject& one : page->objects) {
            progress(one.name, 0);
            auto purged = purge_mailbox(context, one.id, purge, progress);
            if (!purged && purged.error().kind == Kind::not_found) continue;
            if (!purged) return purged;
            add(sum, *purged);
        }
        after = page->next;
    } while (!after.empty());
    return sum;
}

namespace {

Purge of(const Arguments& arguments) {
    Purge purge{arguments.list("folder"), {}};
    if (auto criteria = arguments.maybe_text("matching")) purge.criteria.push_back(*criteria);
    return purge;
}

Result answer(const std::expected<Purged, Error>& purged) {
    if (!purged) return std::unexpected(purged.error());
    return Json{
        {"mailboxes", purged->mailboxes}, {"folders", purged->folders}, {"messages", purged->messages}};
}

Result purge_account(Context& context, const Arguments& arguments, const Progress& progress) {
    auto entry = find_account(context, arguments.text("account"));
    if (!entry) return std::unexpected(entry.error());
    const Purge purge = of(arguments);
    if (auto good = check(context, purge); !good) return std::unexpected(good.error());
    return answer(purge_mailbox(context, (*entry)->id, purge, progress));
}

Result purge_one_domain(Context& context, const Arguments& arguments, const Progress& progress) {
    auto domain = find_domain(context, arguments.text("domain"));
    if (!domain) return std::unexpected(domain.error());
    const Purge purge = of(arguments);
    if (auto good = check(context, purge); !good) return std::unexpected(good.error());
    return answer(purge_domain(context, **domain, arguments.flag("public"), purge, progress));
}

Result purge_all(Context& context, const Arguments& arguments, const Progress& progress) {
    const Purge purge = of(arguments);
    if (auto good = check(context, purge); !good) return std::unexpected(good.error());
    Purged sum;
    const auto domains = context.directory.domains();
    for (const auto& domain : domains) {
        auto purged = purge_domain(context, *domain, arguments.flag("public"), purge, progress);
        if (!purged) return std::unexpected(purged.error());
        add(sum, *purged);
    }
    return answer(sum);
}

constexpr Argument folder{"folder", Type::list, "Folders to be purged, as Trash, Spam or Lists/postrider",
                          true};
constexpr Argument matching{"matching", Type::text,
                            "Only what this search finds, as 'BEFORE 1-Jan-2026' (IMAP's keys)"};
constexpr Argument publics{"public", Type::flag, "Public folders, not those of accounts"};

constexpr Argument account_arguments[] = {{"account", Type::text, "Its address", true}, folder, matching};
constexpr Argument domain_arguments[] = {{"domain", Type::text, "Its name", true}, folder, matching, publics};
constexpr Argument all_arguments[] = {folder, matching, publics};

constexpr Operation operations[] = {
    {"purge account", "Delete messages of an account's folders", account_arguments, purge_account, true},
    {"purge domain", "Delete messages of these folders in all mailboxes of a domain", domain_arguments,
     purge_one_domain, true},
    {"purge all", "Delete messages of these folders in all mailboxes of the server", all_arguments, purge_all,
     true},
};

}  // namespace

Chapter purge_chapter() {
    return {"purge", "Messages that leave many mailboxes at once", operations};
}

}  // namespace postrider::admin
