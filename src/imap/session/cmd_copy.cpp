#include "imap/session/commands.h"
#include "imap/session/mail_events.h"
#include "imap/session/message_limit.h"
#include "imap/session/notify.h"
#include "imap/wire/encode.h"
#include "imap/wire/simple.h"
#include "rights/shared_account.h"

namespace postrider::imap {
namespace {

UidSet to_set(std::vector<Uid> uids) {
    UidSet set;
    for (Uid uid : uids) append(set, uid);
    return set;
}

/// "[COPYUID 38505 304,319:320 3956:3958] " (RFC 4315 §3)
std::string copy_code(const mailstore::Account::Copied& copied) {
    std::string code = "[COPYUID ";
    put_number(code, copied.uid_validity);
    code += ' ';
    put_set(code, to_set(copied.from));
    code += ' ';
    put_set(code, to_set(copied.to));
    code += "] ";
    return code;
}

enum class How { copy, move };

Reply transfer(Client& client, const Command& command, How how) {
    auto args = parse_copy(command.args);
    if (!args) return bad(args.error());
    Selected& selected = *client.selected;
    if (how == How::move && selected.read_only) return no("[READ-ONLY] The mailbox was opened with EXAMINE");
    auto uids = resolve(client, args->set, command.uid);
    if (!uids) return uids.error();
    auto target = client.folder(args->mailbox);
    if (!target) return to_reply_of_target(target.error());
    if (target->kind == mailstore::FolderKind::search) return takes_no_messages();
    // Messages that we know to be gone: an error by number (RFC 2180 §4.4), none by UID (RFC 9051 §6.4.9).
    UidSet there = subtract(*uids, selected.gone);
    if (!command.uid && count(there) != count(*uids))
        return no("[EXPUNGEISSUED] Some of the messages no longer exist");
    const auto lowest = keep_within_limit(client, there);
    if (lowest && how == How::copy) return over_limit(client, lowest);
    std::string done_text = command.verb + " completed";
    if (there.empty()) return ok(done_text);
    auto copied = rights::carry(*selected.account, selected.folder, there, *target->account, target->id,
                                how == How::move);
    if (!copied) return to_reply_of_target(copied.error());
    if (copied->from.empty()) return within_limit(client, lowest, ok(done_text));
    note_own(client, *target->account, target->id, to_set(copied->to));
    selected.expunged_here = how == How::move;
    tell(client, *target->account, MailEvent::Cause::copy, target->id, copied->to);
    if (how == How::copy) return ok(copy_code(*copied) + done_text);
    // RFC 6851 §4.3: COPYUID goes before the EXPUNGEs, which announce() says.
    client.out += "* OK " + copy_code(*copied) + "Moved\r\n";
    return within_limit(client, lowest, ok(done_text));
}

}  // namespace

Reply cmd_copy(Client& client, const Command& command) {
    return transfer(client, command, How::copy);
}

Reply cmd_move(Client& client, const Command& command) {
    return transfer(client, command, How::move);
}

}  // namespace postrider::imap
