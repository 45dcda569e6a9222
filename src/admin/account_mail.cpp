#include "admin/account_mail.h"

#include "admin/lookup.h"

namespace postrider::admin {
namespace {

std::string_view word(mailstore::FolderKind kind) {
    using mailstore::FolderKind;
    switch (kind) {
        case FolderKind::mail: return "mail";
        case FolderKind::calendar: return "calendar";
        case FolderKind::contacts: return "contacts";
        case FolderKind::tasks: return "tasks";
        case FolderKind::notes: return "notes";
        case FolderKind::journal: return "journal";
        case FolderKind::search: return "search";
    }
    return "";
}

std::string_view word(mailstore::SpecialUse use) {
    using mailstore::SpecialUse;
    switch (use) {
        case SpecialUse::none: return "";
        case SpecialUse::all: return "all";
        case SpecialUse::archive: return "archive";
        case SpecialUse::drafts: return "drafts";
        case SpecialUse::flagged: return "flagged";
        case SpecialUse::junk: return "junk";
        case SpecialUse::sent: return "sent";
        case SpecialUse::trash: return "trash";
    }
    return "";
}

std::expected<std::shared_ptr<mailstore::Account>, Error> mail_of(Context& context,
                                                                  const Arguments& arguments) {
    auto entry = find_account(context, arguments.text("account"));
    if (!entry) return std::unexpected(entry.error());
    return need(mailstore::open_or_create(context.store, (*entry)->id));
}

}  // namespace

Result account_quota(Context& context, const Arguments& arguments, const Progress&) {
    auto account = mail_of(context, arguments);
    if (!account) return std::unexpected(account.error());
    mailstore::Quota quota = (*account)->quota();
    Json out;
    out["used_bytes"] = quota.used_bytes;
    out["limit_bytes"] = quota.limit_bytes;
    out["used_messages"] = quota.used_messages;
    out["limit_messages"] = quota.limit_messages;
    out["used_folders"] = quota.used_folders;
    out["limit_folders"] = quota.limit_folders;
    return out;
}

Result account_folders(Context& context, const Arguments& arguments, const Progress&) {
    auto account = mail_of(context, arguments);
    if (!account) return std::unexpected(account.error());
    auto folders = need((*account)->folders());
    if (!folders) return std::unexpected(folders.error());
    Json rows = Json::array();
    for (const mailstore::FolderInfo& folder : *folders)
        rows.push_back(Json{{"path", folder.path},
                            {"messages", folder.messages},
                            {"unseen", folder.unseen},
                            {"deleted", folder.deleted},
                            {"bytes", folder.bytes},
                            {"kind", word(folder.kind)},
                            {"special_use", word(folder.special_use)},
                            {"subscribed", folder.subscribed},
                            {"selectable", folder.selectable},
                            {"uid_validity", folder.uid_validity},
                            {"uid_next", folder.uid_next.value()},
                            {"id", folder.id.value()}});
    return Json{{"folders", std::move(rows)}};
}

}  // namespace postrider::admin
