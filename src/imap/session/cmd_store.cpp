#include <algorithm>

#include "imap/session/commands.h"
#include "imap/session/flag_words.h"
#include "imap/session/mail_events.h"
#include "imap/session/message_limit.h"
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

bool has_keywords(const std::vector<Item>& items) {
    return std::any_of(items.begin(), items.end(), [](const Item& item) {
        return item.flags.keywords != decltype(item.flags.keywords){};
    });
}

/// RFC 9051 §6.4.6: the new flags of every message, changed or not. RFC 7162 §3.1.3: .SILENT keeps the flags
/// to itself but not the new modification sequences.
mailstore::Result<> report(Client& client, const std::vector<Item>& items, bool keywords_named,
                           FlagReport what) {
    std::vector<std::string> keywords;
    if (keywords_named || (what.flags && has_keywords(items))) {
        auto folder = client.selected->account->folder(client.selected->folder);
        if (!folder) return std::unexpected(folder.error());
        announce_keywords(client, *folder);
        keywords = std::move(folder->keywords);
    }
    if (!what.flags && !what.modseq) return {};
    UidMap::Walk walk{client.selected->map};
    for (const Item& item : items) put_flag_report(client, walk.number_of(item.uid), item, keywords, what);
    return {};
}

}  // namespace

Reply cmd_store(Client& client, const Command& command) {
    auto args = parse_store(command.args);
    if (!args) return bad(args.error());
    Selected& selected = *client.selected;
    if (selected.read_only) return no("[READ-ONLY] The mailbox was opened with EXAMINE");
    auto uids = resolve(client, args->set, command.uid);
    if (!uids) return uids.error();
    const auto lowest = keep_within_limit(client, *uids);
    auto words = flag_words(args->flags);
    if (!words) return words.error();
    if (args->unchanged_since) enable_condstore(client);

    bool named = !words->keywords.empty();
    FlagChange change{mode_of(args->mode), words->system, std::move(words->keywords)};
    std::optional<ModSeq> unchanged_since;
    if (args->unchanged_since) unchanged_since = ModSeq{*args->unchanged_since};
    auto stored = selected.account->store(selected.folder, *uids, change, unchanged_since);
    if (!stored) return to_reply(stored.error());
    if (stored->anything) {
        selected.own.push_back(stored->modseq);
        std::vector<Uid> changed;
        for (const Item& item : stored->changed) changed.push_back(item.uid);
        tell(client, *selected.account, MailEvent::Cause::flag, selected.folder, std::move(changed),
             names_of(change));
    }

    auto said = report(client, stored->changed, named, {.flags = !args->silent, .modseq = client.condstore});
    if (!said) return to_reply(said.error());
    bool all_there = stored->changed.size() + count(stored->modified) == count(*uids);
    if (!stored->modified.empty()) {  // RFC 7162 §3.1.3
        Reply reply = all_there ? ok("[MODIFIED ") : no("[MODIFIED ");
        put_set(reply.text, command.uid ? stored->modified : numbers_of(selected.map, stored->modified));
        reply.text += "] Some messages were changed by others";
        return within_limit(client, lowest, std::move(reply));
    }
    // RFC 2180 §4.2: the messages that are left have their flags; UIDs that are gone are no error.
    Reply reply = ok("STORE completed");
    if (!all_there && !command.uid) reply = no("[EXPUNGEISSUED] Some of the messages no longer exist");
    return within_limit(client, lowest, std::move(reply));
}

}  // namespace postrider::imap
