#include "imap/session/capability.h"
#include "imap/session/commands.h"
#include "imap/session/object_id.h"
#include "imap/session/search_folders.h"
#include "imap/session/status_reply.h"
#include "imap/wire/encode.h"
#include "imap/wire/status.h"
#include "rights/shared_account.h"

namespace postrider::imap {
namespace {

/// RFC 9208 §4.1.4: what EXPUNGE would give back.
std::uint64_t deleted_octets(mailstore::FolderView& view) {
    std::uint64_t total = 0;
    (void)view.each_item(UidSet{{Uid{1}, Uid{UINT32_MAX}}}, [&](const mailstore::Item& item) {
        if (item.flags.system & mailstore::deleted) total += item.size;
        return true;
    });
    return total;
}

struct Costly {
    std::uint64_t deleted_octets = 0;
    std::uint32_t recent = 0;
};

/// What no counter of the folder says.
mailstore::Result<Costly> look_inside(mailstore::Account& account, const mailstore::FolderInfo& folder,
                                      std::uint16_t items) {
    Costly found;
    bool recent = (items & status_recent) && folder.recent_from < folder.uid_next;
    bool deleted = (items & status_deleted_storage) && folder.deleted > 0;
    if (!recent && !deleted) return found;
    auto view = account.view(folder.id);
    if (!view) return std::unexpected(view.error());
    if (deleted) found.deleted_octets = deleted_octets(**view);
    if (recent) {
        auto uids = (*view)->uids();
        if (!uids) return std::unexpected(uids.error());
        found.recent = count(intersect(*uids, UidSet{{folder.recent_from, Uid{UINT32_MAX}}}));
    }
    return found;
}

}  // namespace

namespace {
void put_items(Client& client, const mailstore::Account& account, const mailstore::FolderInfo& folder,
               std::uint16_t items, const Costly& costly);
}

mailstore::Result<> put_status(Client& client, mailstore::Account& account,
                               const mailstore::FolderInfo& listed, std::uint16_t items) {
    mailstore::FolderInfo folder = listed;
    if (folder.kind == mailstore::FolderKind::search && client.is_own(account)) {
        auto fresh = refresh_search_folder(client, folder);
        if (!fresh) return fresh;
        auto now = account.folder(folder.id);
        if (!now) return std::unexpected(now.error());
        folder = std::move(*now);
    }
    if (!client.is_own(account)) {  // RFC 4314 §4
        auto may = rights::rights_in(account, folder.id);
        if (!may) return std::unexpected(may.error());
        if (!may->has(rights::Right::read))
            return std::unexpected(
                mailstore::Failure{mailstore::MailError::no_permission, "that right was not granted"});
    }
    auto costly = look_inside(account, folder, items);
    if (!costly) return std::unexpected(costly.error());
    put_items(client, account, folder, items, *costly);
    return {};
}

namespace {

void put_items(Client& client, const mailstore::Account& account, const mailstore::FolderInfo& folder,
               std::uint16_t items, const Costly& costly) {
    std::string& out = client.out;
    out += "* STATUS ";
    put_mailbox(out, folder.path, client.utf8);
    char before = '(';
    out += ' ';
    auto put = [&](StatusItem item, std::string_view word, std::uint64_t value) {
        if (!(items & item)) return;
        out += before;
        before = ' ';
        out += word;
        out += ' ';
        put_number(out, value);
    };
    put(status_messages, "MESSAGES", folder.messages);
    put(status_recent, "RECENT", costly.recent);
    put(status_uid_next, "UIDNEXT", folder.uid_next.value());
    put(status_uid_validity, "UIDVALIDITY", folder.uid_validity);
    put(status_unseen, "UNSEEN", folder.unseen);
    put(status_deleted, "DELETED", folder.deleted);
    put(status_size, "SIZE", folder.bytes);
    put(status_highest_modseq, "HIGHESTMODSEQ", folder.highest_modseq.value());
    put(status_deleted_storage, "DELETED-STORAGE", (costly.deleted_octets + 1023) / 1024);
    put(status_append_limit, "APPENDLIMIT", append_limit(*client.settings));
    if (items & status_mailbox_id) {
        out += before;
        before = ' ';
        out += "MAILBOXID (";
        put_mailbox_id(out, account.id(), folder);
        out += ')';
    }
    out += ")\r\n";
}

}  // namespace

/// A folder of one's own of which only counters are asked, and these are in memory.
std::optional<Reply> status_at_once(Client& client, const Command& command) {
    const auto args = parse_status(command.args);
    if (!args) return std::nullopt;
    const auto path = client.folder_path(args->mailbox);
    if (!path || !client.surely_own(*path)) return std::nullopt;
    if ((args->items & status_highest_modseq) && !client.condstore) return std::nullopt;
    const auto folder = client.account->folder(*path);
    if (!folder || !folder->selectable || folder->kind == mailstore::FolderKind::search) return std::nullopt;
    if (((args->items & status_recent) && folder->recent_from < folder->uid_next)
        || ((args->items & status_deleted_storage) && folder->deleted > 0))
        return std::nullopt;
    put_items(client, *client.account, *folder, args->items, {});
    return ok("STATUS completed");
}

Reply cmd_status(Client& client, const Command& command) {
    auto args = parse_status(command.args);
    if (!args) return bad(args.error());
    auto folder = client.folder(args->mailbox);
    if (!folder) return to_reply(folder.error());
    if (args->items & status_highest_modseq) enable_condstore(client);  // RFC 7162 §3.1
    auto done = put_status(client, *folder->account, *folder, args->items);
    if (!done) return to_reply(done.error());
    return ok("STATUS completed");
}

}  // namespace postrider::imap
