#include "imap/session/commands.h"
#include "imap/session/metadata.h"
#include "imap/session/notify.h"
#include "imap/session/search_folders.h"
#include "imap/wire/encode.h"
#include "imap/wire/search.h"

namespace postrider::imap {
namespace {

constexpr std::string_view filter_values = "/filters/values/";

/// RFC 5466 §3.2: what is stored as a filter is a whole search program.
bool sound(const SetMetadataArgs::Entry& entry) {
    std::size_t at = entry.name.find(filter_values);
    bool filter = at != std::string::npos && entry.name.find('/', 1) == at;
    if (!filter || !entry.value) return true;
    if (entry.name.find('/', at + filter_values.size()) != std::string::npos) return false;
    Cursor in{*entry.value};
    auto keys = search_keys(in);
    return in.finish(std::move(keys)).has_value();
}

}  // namespace

/// RFC 5464 §4.2.
Reply cmd_getmetadata(Client& client, const Command& command) {
    auto args = parse_get_metadata(command.args);
    if (!args) return bad(args.error());
    std::optional<Mailbox> folder;
    if (!args->mailbox.empty()) {
        auto found = client.any_folder(args->mailbox);
        if (!found) return to_reply(found.error());
        folder = std::move(*found);
    }
    auto longest = put_metadata(client, folder ? *folder->account : *client.account,
                                folder ? &*folder : nullptr, args->query);
    if (!longest) return to_reply(longest.error());
    Reply reply = ok("");
    if (*longest > 0) {
        reply.text = "[METADATA LONGENTRIES ";
        put_number(reply.text, *longest);
        reply.text += "] ";
    }
    reply.text += "GETMETADATA completed";
    return reply;
}

/// RFC 5464 §4.3: all or nothing.
Reply cmd_setmetadata(Client& client, const Command& command) {
    auto args = parse_set_metadata(command.args);
    if (!args) return bad(args.error());
    FolderId folder{0};
    auto account = client.account;
    bool search = false;
    std::string path;
    if (!args->mailbox.empty()) {
        auto found = client.any_folder(args->mailbox);
        if (!found) return to_reply(found.error());
        folder = found->id;
        account = found->account;
        search = found->kind == mailstore::FolderKind::search;
        path = std::move(found->path);
    }
    std::vector<mailstore::Account::AnnotationChange> changes;
    for (SetMetadataArgs::Entry& entry : args->entries) {
        // Shared entries of the server are everybody's: not one account's to set.
        bool everybodys = folder.value() == 0 && entry.name.starts_with("/shared/");
        if (everybodys || entry.name == "/private/specialuse")
            return no("[NOPERM] That entry cannot be changed");
        if (entry.name == mailstore::search_criteria_entry) {
            if (!search || !entry.value) return no("[CANNOT] That mailbox stays what it is");
            if (auto wrong = wrong_search_criteria(*entry.value)) return no("[CANNOT] " + *wrong);
        }
        if (entry.value && entry.value->size() > mailstore::max_annotation_value) {
            Reply reply = no("[METADATA MAXSIZE ");
            put_number(reply.text, mailstore::max_annotation_value);
            reply.text += "] The value is too long";
            return reply;
        }
        if (entry.name.size() > mailstore::max_annotation_name) return no("[LIMIT] The name is too long");
        if (!sound(entry)) return no("[CANNOT] A filter must be one whole search");
        changes.push_back({std::move(entry.name), std::move(entry.value)});
    }
    auto done = account->annotate(folder, changes);
    if (!done && done.error().kind == mailstore::MailError::too_much)
        return no("[METADATA TOOMANY] There are too many entries");
    if (!done) return to_reply(done.error());
    note_own(client, std::move(path));
    return ok("SETMETADATA completed");
}

}  // namespace postrider::imap
