#include "imap/session/commands.h"
#include "imap/wire/encode.h"
#include "imap/wire/simple.h"

namespace postrider::imap {
namespace {

/// RFC 9208 §5.1: an account has one quota root, "". STORAGE counts units of 1024 octets.
void put_quota(Client& client) {
    mailstore::Quota quota = client.account->quota();
    std::string& out = client.out;
    std::string_view before;
    auto put = [&](std::string_view resource, std::uint64_t used, std::uint64_t limit) {
        if (limit == 0) return;
        out += before;
        before = " ";
        out += resource;
        out += ' ';
        put_number(out, used);
        out += ' ';
        put_number(out, limit);
    };
    out += "* QUOTA \"\" (";
    put("STORAGE", (quota.used_bytes + 1023) / 1024, (quota.limit_bytes + 1023) / 1024);
    put("MESSAGE", quota.used_messages, quota.limit_messages);
    out += ")\r\n";
}

}  // namespace

Reply cmd_getquota(Client& client, const Command& command) {
    auto root = parse_quota_root(command.args);
    if (!root) return bad(root.error());
    if (!root->empty()) return no("[NONEXISTENT] There is no such quota root");
    put_quota(client);
    return ok("GETQUOTA completed");
}

Reply cmd_getquotaroot(Client& client, const Command& command) {
    auto name = parse_mailbox(command.args);
    if (!name) return bad(name.error());
    auto folder = client.folder(*name);
    if (!folder) return to_reply(folder.error());
    client.out += "* QUOTAROOT ";
    put_mailbox(client.out, folder->path, client.utf8);
    client.out += " \"\"\r\n";
    put_quota(client);
    return ok("GETQUOTAROOT completed");
}

}  // namespace postrider::imap
