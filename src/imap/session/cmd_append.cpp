#include "imap/session/commands.h"
#include "imap/session/flag_words.h"
#include "imap/wire/append.h"
#include "imap/wire/encode.h"
#include "mime/binary.h"

namespace postrider::imap {

/// RFC 9051 §6.3.12, RFC 3502 (several messages, all or nothing), RFC 4315 (APPENDUID).
Reply cmd_append(Client& client, const Command& command) {
    auto args = parse_append(command.args);
    if (!args) return bad(args.error());
    auto folder = client.folder(args->mailbox);
    if (!folder) return to_reply_of_target(folder.error());
    std::vector<mailstore::Account::NewItem> items;
    items.reserve(args->messages.size());
    for (const AppendArgs::Message& message : args->messages) {
        if (message.octets.empty()) return no("[CANNOT] An empty message cannot be kept");
        if (message.utf8 && !client.utf8) return bad("UTF8 comes behind ENABLE UTF8=ACCEPT");  // RFC 6855 §4
        auto words = flag_words(message.flags);
        if (!words) return words.error();
        auto& item = items.emplace_back();
        item.payload = message.octets;
        if (message.octets.find('\0') != std::string_view::npos) {  // RFC 3516 §4.4, §6
            item.payload = mime::encode_binary(message.octets);
            if (item.payload.find('\0') != std::string::npos)
                return no("[UNKNOWN-CTE] There are NUL octets in what is not labelled as binary");
        }
        item.flags = words->system;
        item.keywords = std::move(words->keywords);
        item.internal_date = message.date.value_or(client.services.clock.now());
    }
    auto done = client.account->append(folder->id, std::move(items));
    if (!done) return to_reply_of_target(done.error());
    UidSet uids;
    for (Uid uid : done->uids) append(uids, uid);
    Reply reply = ok("[APPENDUID ");
    put_number(reply.text, done->uid_validity);
    reply.text += ' ';
    put_set(reply.text, uids);
    reply.text += "] APPEND completed";
    return reply;
}

}  // namespace postrider::imap
