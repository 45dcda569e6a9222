#include "imap/session/commands.h"
#include "imap/session/notify.h"
#include "imap/session/object_id.h"
#include "imap/session/special_use.h"
#include "imap/wire/simple.h"
#include "rights/shared_account.h"

namespace postrider::imap {
namespace {

Reply not_a_name() {
    return no("[CANNOT] That is not a mailbox name");
}

/// Names that lead to what is not the user's own (RFC 2342): a mailbox of that name would be hidden by them.
bool leads_to_others(const Client& client, std::string_view path) {
    if (path == rights::others_root) return true;
    auto its = client.account_at(path);
    auto* shared = its ? dynamic_cast<rights::SharedAccount*>(its->get()) : nullptr;
    return shared && shared->root() == path;
}

Reply leads_elsewhere() {
    return no("[CANNOT] That name stands for mailboxes that are not your own");
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
    if (leads_to_others(client, *path)) return leads_elsewhere();
    auto use = mailstore::SpecialUse::none;
    for (const std::string& name : args->uses) {  // RFC 6154 §3
        auto named = special_use_named(name);
        if (!named || use != mailstore::SpecialUse::none)
            return no("[USEATTR] A mailbox cannot be made for that use");
        use = *named;
    }
    auto its = client.account_at(*path);
    if (!its) return no("[CANNOT] No mailbox can be made there");
    constexpr auto kind = mailstore::FolderKind::mail;
    rights::Sharing* sharing = client.is_own(**its) ? client.services.sharing : nullptr;
    auto made = sharing ? sharing->create(sharing->owner_of(*client.who), **its, *path, kind, use)
                        : (*its)->create_folder(*path, kind, use);
    if (!made) return to_reply(made.error());
    note_own(client, made->path);
    Reply reply = ok("[MAILBOXID (");  // RFC 8474 §4.1
    put_mailbox_id(reply.text, (*its)->id(), *made);
    reply.text += ")] CREATE completed";
    return reply;
}

Reply cmd_delete(Client& client, const Command& command) {
    auto name = parse_mailbox(command.args);
    if (!name) return bad(name.error());
    auto folder = client.folder(*name);
    if (!folder) return to_reply(folder.error());
    auto done = folder->account->delete_folder(folder->id);
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
    if (leads_to_others(client, *to)) return leads_elsewhere();
    auto folder = client.any_folder(args->from);  // a name that only holds others can be renamed too
    if (!folder) return to_reply(folder.error());
    auto target = client.account_at(*to);
    if (!target || (*target)->id() != folder->account->id())
        return no("[CANNOT] A mailbox stays with its owner");
    auto done = folder->account->rename_folder(folder->id, *to);
    if (!done) return to_reply(done.error());
    note_own(client, *to);
    if (folder->path == "INBOX" && client.is_own(*folder->account)) copy_annotations(client, folder->id, *to);
    return ok("RENAME completed");
}

/// SUBSCRIBE and UNSUBSCRIBE. RFC 9051 §6.3.7: a name need not exist.
Reply cmd_subscribe(Client& client, const Command& command) {
    auto name = parse_mailbox(command.args);
    if (!name) return bad(name.error());
    auto path = client.folder_path(*name);
    if (!path) return not_a_name();
    if (command.verb == "SUBSCRIBE")
        if (auto its = client.account_at(*path); !its || !client.is_own(**its)) {
            auto there = client.any_folder(*name);  // RFC 4314 §4
            if (!there) return to_reply(there.error());
            auto may = rights::rights_in(*there->account, there->id);
            if (!may || !may->has(rights::Right::lookup)) return no("[NONEXISTENT] There is no such mailbox");
        }
    auto done = client.account->subscribe(*path, command.verb == "SUBSCRIBE");
    if (!done) return to_reply(done.error());
    note_own(client, std::move(*path));
    return ok(command.verb + " completed");
}

}  // namespace postrider::imap
