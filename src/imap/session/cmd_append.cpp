#include "imap/session/capability.h"
#include "imap/session/commands.h"
#include "imap/session/flag_words.h"
#include "imap/session/mail_events.h"
#include "imap/session/message_limit.h"
#include "imap/session/notify.h"
#include "imap/session/url_data.h"
#include "imap/wire/append.h"
#include "imap/wire/encode.h"
#include "mime/binary.h"
#include "rights/shared_account.h"

namespace postrider::imap {
namespace {

using NewItem = mailstore::Account::NewItem;

/// RFC 4469 §3: the pieces one behind the other, unchanged.
std::expected<std::string, Reply> catenated(const Client& client, const AppendArgs::Message& message) {
    std::string whole;
    for (const auto& piece : message.pieces) {
        if (!piece.url) {
            whole += piece.octets;
        } else {
            auto octets = own_url_data(client, *piece.url);
            if (!octets) {
                Reply reply = no("[BADURL ");
                put_string(reply.text, *piece.url);
                reply.text += "] There is no such message or part";
                return std::unexpected(reply);
            }
            whole += *octets;
        }
        if (whole.size() > append_limit(*client.settings))
            return std::unexpected(no("[TOOBIG] The message would be too large"));
    }
    return whole;
}

std::expected<NewItem, Reply> new_item(const Client& client, const AppendArgs::Message& message) {
    if (message.utf8 && !client.utf8)  // RFC 6855 §4
        return std::unexpected(bad("UTF8 comes behind ENABLE UTF8=ACCEPT"));
    auto words = flag_words(message.flags);
    if (!words) return std::unexpected(words.error());
    NewItem item;
    if (message.pieces.empty()) {
        item.payload = message.octets;
    } else {
        auto whole = catenated(client, message);
        if (!whole) return std::unexpected(whole.error());
        item.payload = std::move(*whole);
    }
    if (item.payload.empty()) return std::unexpected(no("[CANNOT] An empty message cannot be kept"));
    if (item.payload.find('\0') != std::string::npos) {  // RFC 3516 §4.4, §6
        item.payload = mime::encode_binary(item.payload);
        if (item.payload.find('\0') != std::string::npos)
            return std::unexpected(
                no("[UNKNOWN-CTE] There are NUL octets in what is not labelled as binary"));
    }
    item.flags = words->system;
    item.keywords = std::move(words->keywords);
    item.internal_date = message.date.value_or(client.services.clock.now());
    return item;
}

UidSet set_of(const std::vector<Uid>& uids) {
    UidSet set;
    for (Uid uid : uids) append(set, uid);
    return set;
}

/// "[APPENDUID 38505 3955:3957] " (RFC 4315 §3)
std::string append_code(const mailstore::Account::Appended& appended) {
    const UidSet uids = set_of(appended.uids);
    std::string code = "[APPENDUID ";
    put_number(code, appended.uid_validity);
    code += ' ';
    put_set(code, uids);
    code += "] ";
    return code;
}

}  // namespace

/// RFC 9051 §6.3.12, RFC 3502 (several messages, all or nothing), RFC 4315 (APPENDUID), RFC 4469 (CATENATE).
Reply cmd_append(Client& client, const Command& command) {
    auto args = parse_append(command.args);
    if (!args) return bad(args.error());
    auto folder = client.folder(args->mailbox);
    if (!folder) return to_reply_of_target(folder.error());
    if (folder->kind == mailstore::FolderKind::search) return takes_no_messages();
    const std::uint32_t limit = client.settings->message_limit;
    if (limit != 0 && args->messages.size() > limit) return over_limit(client);
    std::vector<NewItem> items;
    items.reserve(args->messages.size());
    std::uint64_t octets = 0;
    for (const AppendArgs::Message& message : args->messages) {
        auto item = new_item(client, message);
        if (!item) return item.error();
        octets += item->payload.size();
        if (octets > 2 * append_limit(*client.settings))
            return no("[TOOBIG] The messages are too large in sum");
        items.push_back(std::move(*item));
    }
    auto done = folder->account->append(folder->id, std::move(items));
    if (!done) return to_reply_of_target(done.error());
    note_own(client, *folder->account, folder->id, set_of(done->uids));
    tell(client, *folder->account, MailEvent::Cause::append, folder->id, done->uids);
    return ok(append_code(*done) + "APPEND completed");
}

/// RFC 8508: one batch, so that whatever happens there is the old message or the new one.
Reply cmd_replace(Client& client, const Command& command) {
    auto args = parse_replace(command.args);
    if (!args) return bad(args.error());
    Selected& selected = *client.selected;
    if (selected.read_only) return no("[READ-ONLY] The mailbox was opened with EXAMINE");
    auto uids = resolve(client, args->set, command.uid);
    if (!uids) return uids.error();
    UidSet old = subtract(*uids, selected.gone);
    if (count(old) != 1) return no("[EXPUNGEISSUED] There is no such message");
    auto folder = client.folder(args->append.mailbox);
    if (!folder) return to_reply_of_target(folder.error());
    if (folder->kind == mailstore::FolderKind::search) return takes_no_messages();
    auto item = new_item(client, args->append.messages.front());
    if (!item) return item.error();
    auto added = rights::replace(*selected.account, selected.folder, old.front().first, *folder->account,
                                 folder->id, std::move(*item));
    if (!added) return to_reply_of_target(added.error());
    note_own(client, *folder->account, folder->id, set_of(added->uids));
    selected.expunged_here = true;
    tell(client, *folder->account, MailEvent::Cause::append, folder->id, added->uids);
    client.out += "* OK " + append_code(*added) + "Replacement message is ready\r\n";
    return ok(command.verb + " completed");
}

}  // namespace postrider::imap
