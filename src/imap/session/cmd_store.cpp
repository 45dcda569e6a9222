#include "imap/session/commands.h"
#include "imap/session/flag_words.h"
#include "imap/wire/encode.h"
#include "imap/wire/store.h"

namespace postrider::imap {
namespace {

using mailstore::FlagChange;
using mailstore::Item;

FlagChange::Mode mode_of(StoreArgs::Mode mode) {
    switch (mode) {
    case StoreArgs::Mode::replace: break;
    case StoreArgs::Mode::add: return FlagChange::Mode::add;
    case StoreArgs::Mode::remove: return FlagChange::Mode::remove;
    }
    return FlagChange::Mode::replace;
}

/// RFC 9051 §6.4.6: the new flags of every message, changed or not. RFC 7162 §3.1.3: .SILENT keeps the flags to
/// itself but not the new modification sequences.
/// @return how many of the messages are still there
mailstore::Result<std::uint32_t> report(Client& client, const UidSet& uids, const UidSet& failed, FlagReport what) {
    auto view = client.account->view(client.selected->folder);
    if (!view) return std::unexpected(view.error());
    announce_keywords(client, (*view)->info());
    std::uint32_t there = 0;
    UidMap::Walk walk{client.selected->map};
    auto done = (*view)->each_item(uids, [&](const Item& item) {
        ++there;
        if ((what.flags || what.modseq) && !contains(failed, item.uid))
            put_flag_report(client, walk.number_of(item.uid), item, (*view)->info().keywords, what);
        return true;
    });
    if (!done) return std::unexpected(done.error());
    return there;
}

}  // namespace

Reply cmd_store(Client& client, const Command& command) {
    auto args = parse_store(command.args);
    if (!args) return bad(args.error());
    Selected& selected = *client.selected;
    if (selected.read_only) return no("[READ-ONLY] The mailbox was opened with EXAMINE");
    auto uids = resolve(client, args->set, command.uid);
    if (!uids) return uids.error();
    auto words = flag_words(args->flags);
    if (!words) return words.error();
    if (args->unchanged_since) enable_condstore(client);

    FlagChange change{mode_of(args->mode), words->system, std::move(words->keywords)};
    std::optional<ModSeq> unchanged_since;
    if (args->unchanged_since) unchanged_since = ModSeq{*args->unchanged_since};
    auto stored = client.account->store(selected.folder, *uids, change, unchanged_since);
    if (!stored) return to_reply(stored.error());
    selected.own.push_back(stored->modseq);

    auto there = report(client, *uids, stored->modified, {.flags = !args->silent, .modseq = client.condstore});
    if (!there) return to_reply(there.error());
    bool all_there = *there == count(*uids);
    if (!stored->modified.empty()) {  // RFC 7162 §3.1.3
        Reply reply = all_there ? ok("[MODIFIED ") : no("[MODIFIED ");
        put_set(reply.text, command.uid ? stored->modified : numbers_of(selected.map, stored->modified));
        reply.text += "] Some messages were changed by others";
        return reply;
    }
    // RFC 2180 §4.2: the messages that are left have their flags; UIDs that are gone are no error.
    if (!all_there && !command.uid) return no("[EXPUNGEISSUED] Some of the messages no longer exist");
    return ok("STORE completed");
}

}  // namespace postrider::imap
