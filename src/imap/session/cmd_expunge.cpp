#include "imap/session/commands.h"
#include "imap/wire/encode.h"
#include "imap/wire/simple.h"

namespace postrider::imap {

/// EXPUNGE and UID EXPUNGE (RFC 4315 §2.1). The EXPUNGE replies are announce()'s.
Reply cmd_expunge(Client& client, const Command& command) {
    Selected& selected = *client.selected;
    std::optional<UidSet> uids;
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
    return reply;
}

}  // namespace postrider::imap
