#include "imap/session/commands.h"
#include "imap/session/notify.h"
#include "imap/session/object_id.h"
#include "imap/session/special_use.h"
#include "imap/wire/simple.h"

namespace postrider::imap {
namespace {

Reply not_a_name() {
    return no("[CANNOT] That is not a mailbox name");
}

/// RFC 5464 §4.1: what moves out of INBOX takes its annotations along, and INBOX keeps them.
void copy_annotations(Client& client, FolderId from, std::string_view to) {
    auto all = client.account->annotations(from);
    auto folder = client.account->folder(to);
    if (!all || !folder || all->empty()) return;
    std::vector<mailstore::Account::AnnotationChange> changes;
    for (mailstore::Annotation& one : *all) changes.push_back({std::move(one.name), std::move(one.value)});
    (void)client.account->annotate(folder->id,
                                   changes);  // the messages have moved already: no reason to fail
}

}  // namespace

Reply cmd_create(Client& client, const Command& command) {
    auto args = parse_create(command.args);
    if (!args) return bad(args.error());
    auto path = client.folder_path(args->mailbox);
    if (!path) return not_a_name();
    auto use = mailstore::SpecialUse::none;
    for (const std::string& name : args->uses) {  // RFC 6154 §3
        auto named = special_use_named(name);
        if (!named || use != mailstore::SpecialUse::none)
            return no("[USEATTR] A mailbox cannot be made for that use");
        use = *named;
    }
    auto made = client.account->create_folder(*path, mailstore::FolderKind::mail, use);
    if (!made) return to_reply(made.error());
    note_own(client, made->path);
    Reply reply = ok("[MAILBOXID (");  // RFC 8474 §4.1
    put_mailbox_id(reply.text, client.account->id(), *made);
    reply.text += ")] CREATE completed";
    return reply;
}

Reply cmd_delete(Client& client, const Command& command) {
    auto name = parse_mailbox(command.args);
    if (!name) return bad(name.error());
    auto folder = client.folder(*name);
    if (!folder) return to_reply(folder.error());
    auto done = client.account->delete_folder(folder->id);
    if (!done) return to_reply(done.error());
    note_own(client, folder->path);
    return ok("DELETE completed");
}

Reply cmd_rename(Client& client, const Command& command) {
    auto args = parse_rename(command.args);
    if (!args) return bad(args.error());
    auto from = client.folder_path(args->from);
    auto to = client.folder_path(args->to);
    if (!from || !to) return not_a_name();
    auto folder = client.account->folder(*from);  // a name that only holds others can be renamed too
    if (!folder) return to_reply(folder.error());
    auto done = client.account->rename_folder(folder->id, *to);
    if (!done) return to_reply(done.error());
    note_own(client, *to);
    if (folder->path == "INBOX") copy_annotations(client, folder->id, *to);
    return ok("RENAME completed");
}

/// SUBSCRIBE and UNSUBSCRIBE. RFC 9051 §6.3.7: a name need not exist.
Reply cmd_subscribe(Client& client, const Command& command) {
    auto name = parse_mailbox(command.args);
    if (!name) return bad(name.error());
    auto path = client.folder_path(*name);
    if (!path) return not_a_name();
    auto done = client.account->subscribe(*path, command.verb == "SUBSCRIBE");
    if (!done) return to_reply(done.error());
    note_own(client, std::move(*path));
    return ok(command.verb + " completed");
}

}  // namespace postrider::imap
