#include "imap/session/commands.h"
#include "imap/session/notify.h"
#include "imap/session/object_id.h"
#include "imap/session/resync.h"
#include "imap/session/search_folders.h"
#include "imap/wire/encode.h"
#include "imap/wire/simple.h"
#include "rights/shared_account.h"

namespace postrider::imap {
namespace {

void put_code(std::string& out, std::string_view code, std::uint64_t value, std::string_view text) {
    out += "* OK [";
    out += code;
    out += ' ';
    put_number(out, value);
    out += "] ";
    out += text;
    out += "\r\n";
}

/// RFC 3501 §6.3.1: the number of the first message without \Seen; 0 when all have it.
std::uint32_t first_unseen(mailstore::FolderView& view, const UidMap& map) {
    if (view.info().unseen == 0) return 0;
    Uid found;
    (void)view.each_item(map.uids(), [&](const mailstore::Item& item) {
        if (item.flags.system & mailstore::seen) return true;
        found = item.uid;
        return false;
    });
    return found.value() == 0 ? 0 : map.number_of(found).value_or(0);
}

void put_mailbox_state(Client& client, mailstore::FolderView& view) {
    Selected& selected = *client.selected;
    const mailstore::FolderInfo& info = view.info();
    std::string& out = client.out;
    if (info.keywords.empty()) {
        out += "* FLAGS (\\Answered \\Flagged \\Deleted \\Seen \\Draft)\r\n";
        if (!selected.read_only) put_permanent_flags(client, {});
    } else {
        announce_keywords(client, info);
    }
    if (selected.read_only) put_permanent_flags(client, {});
    out += "* ";
    put_number(out, selected.map.size());
    out += " EXISTS\r\n";
    if (!client.rev2) {
        out += "* ";
        put_number(out, count(intersect(selected.recent, selected.map.uids())));
        out += " RECENT\r\n";
        std::uint32_t unseen = first_unseen(view, selected.map);
        if (unseen != 0 && !client.uid_only)
            put_code(out, "UNSEEN", unseen, "First message that was not read");
    }
    put_code(out, "UIDVALIDITY", info.uid_validity, "UIDs are valid");
    put_code(out, "UIDNEXT", info.uid_next.value(), "Predicted next UID");
    put_code(out, "HIGHESTMODSEQ", info.highest_modseq.value(), "Highest modification sequence");
    out += "* OK [MAILBOXID (";  // RFC 8474 §4.2
    put_mailbox_id(out, selected.account->id(), info);
    out += ")] Stays when the mailbox is renamed\r\n";
    if (client.secure) out += "* OK [URLMECH INTERNAL] How URLs are authorised\r\n";  // RFC 4467 §8
    if (client.rev2) {  // RFC 9051 §6.3.2: the name as the server spells it
        out += "* LIST () \"/\" ";
        put_mailbox(out, info.path, client.utf8);
        out += "\r\n";
    }
}

/// RFC 4314 §5.2.
bool may_write(rights::RightSet rights) {
    using rights::Right;
    return rights.has_any(rights::RightSet{Right::insert, Right::expunge, Right::write_flags,
                                           Right::mark_deleted, Right::share_seen});
}

void deselect(Client& client) {
    if (!client.selected) return;
    client.selected.reset();
}

}  // namespace

Reply cmd_select(Client& client, const Command& command) {
    auto args = parse_select(command.args);
    if (!args) return bad(args.error());
    if (args->qresync && !client.qresync) return bad("QRESYNC was not enabled");  // RFC 7162 §3.2.5
    if (args->qresync && client.uid_only && !args->qresync->matching_numbers.ranges.empty())
        return bad("[UIDREQUIRED] Message numbers are not used here");  // RFC 9586 §3.5
    if (client.selected) {
        deselect(client);  // RFC 9051 §6.3.2: also when the new mailbox cannot be selected
        client.out += "* OK [CLOSED] Previous mailbox is closed\r\n";
    }
    auto folder = client.folder(args->mailbox);
    if (!folder) return to_reply(folder.error());
    if (client.is_own(*folder->account))
        if (auto fresh = refresh_search_folder(client, *folder); !fresh) return to_reply(fresh.error());
    bool read_only = command.verb == "EXAMINE";
    // Read before the view is opened: all changes up to here are in it.
    mailstore::Account& account = *folder->account;
    ModSeq known = account.highest_modseq();
    auto view = read_only || client.rev2 ? account.view(folder->id) : account.select(folder->id);
    if (!view) return to_reply(view.error());
    auto uids = (*view)->uids();
    if (!uids) return to_reply(uids.error());

    Selected& selected = client.selected.emplace();
    selected.account = folder->account;
    selected.folder = folder->id;
    selected.read_only = read_only;
    selected.search = folder->kind == mailstore::FolderKind::search;
    if (!client.is_own(account)) {
        auto may = rights::rights_in(account, folder->id);
        if (may) selected.rights = *may;
    }
    selected.uid_validity = (*view)->info().uid_validity;
    selected.known = known;
    selected.map.reset(std::move(*uids));
    claim_recent(client, **view);
    put_mailbox_state(client, **view);
    if (args->condstore) client.condstore = true;  // RFC 7162 §3.1.8; HIGHESTMODSEQ was said above
    if (args->qresync) {
        auto done = resync(client, **view, *args->qresync);
        if (!done) {
            deselect(client);
            return to_reply(done.error());
        }
    }
    if (read_only) return ok("[READ-ONLY] EXAMINE completed");
    return ok(may_write(selected.rights) ? "[READ-WRITE] SELECT completed" : "[READ-ONLY] SELECT completed");
}

Reply cmd_close(Client& client, const Command& command) {
    if (!command.args.empty()) return bad("CLOSE takes no arguments");
    const Selected& selected = *client.selected;
    if (!selected.read_only) {  // RFC 9051 §6.4.1: without a word about what goes
        auto done = selected.account->expunge(selected.folder, std::nullopt);
        // RFC 4314 §4: who may not expunge closes all the same.
        if (!done && done.error().kind != mailstore::MailError::no_such_folder
            && done.error().kind != mailstore::MailError::no_permission) {
            deselect(client);
            return to_reply(done.error());
        }
        if (done) note_own(client, *selected.account, selected.folder, std::move(done->uids));
    }
    deselect(client);
    return ok("CLOSE completed");
}

Reply cmd_unselect(Client& client, const Command& command) {
    if (!command.args.empty()) return bad("UNSELECT takes no arguments");
    deselect(client);
    return ok("UNSELECT completed");
}

}  // namespace postrider::imap
