#include "imap/session/commands.h"
#include "imap/session/message_limit.h"
#include "imap/wire/encode.h"
#include "imap/wire/simple.h"

namespace postrider::imap {
namespace {

/// RFC 9738 §3.1: what is not \Deleted does not count. Plain EXPUNGE and CLOSE have no limit.
mailstore::Result<std::optional<Uid>> keep_deleted_within_limit(const Client& client, UidSet& uids) {
    if (client.settings->message_limit == 0) return std::nullopt;
    auto view = client.selected->account->view(client.selected->folder);
    if (!view) return std::unexpected(view.error());
    UidSet deleted;
    auto done = (*view)->each_item(uids, [&](const mailstore::Item& item) {
        if (item.flags.system & mailstore::deleted) append(deleted, item.uid);
        return true;
    });
    if (!done) return std::unexpected(done.error());
    uids = std::move(deleted);
    return keep_within_limit(client, uids);
}

}  // namespace

/// EXPUNGE and UID EXPUNGE (RFC 4315 §2.1). The EXPUNGE replies are announce()'s.
Reply cmd_expunge(Client& client, const Command& command) {
    Selected& selected = *client.selected;
    std::optional<UidSet> uids;
    std::optional<Uid> lowest;
    if (command.uid) {
        auto set = parse_set(command.args);
        if (!set) return bad(set.error());
        auto resolved = resolve(client, *set, true);
        if (!resolved) return resolved.error();
        uids = std::move(*resolved);
    } else if (!command.args.empty()) {
        return bad("EXPUNGE takes no arguments");
    }
    if (selected.read_only) return no("[READ-ONLY] The mailbox was opened with EXAMINE");
    if (uids) {
        auto kept = keep_deleted_within_limit(client, *uids);
        if (!kept) return to_reply(kept.error());
        lowest = *kept;
    }
    auto done = selected.account->expunge(selected.folder, uids);
    if (!done) return to_reply(done.error());
    selected.expunged_here = true;
    Reply reply = ok("");
    // RFC 7162 §3.2.4.1 and §3.1.2: a client that caches modification sequences learns the mailbox's.
    if (client.condstore && !done->uids.empty()) {
        reply.text = "[HIGHESTMODSEQ ";
        put_number(reply.text, done->modseq.value());
        reply.text += "] ";
    }
    reply.text += command.verb + " completed";
    return within_limit(client, lowest, std::move(reply));
}

}  // namespace postrider::imap
