#include "imap/session/commands.h"
#include "imap/wire/encode.h"
#include "imap/wire/simple.h"

namespace postrider::imap {
namespace {

/// An account has one quota root, "", unless nothing is limited: RFC 9208 §7 has no QUOTA reply without
/// resources.
bool limited(const mailstore::Quota& quota) {
    return quota.limit_bytes != 0 || quota.limit_messages != 0 || quota.limit_folders != 0;
}

/// RFC 9208 §5.1: STORAGE counts units of 1024 octets.
void put_quota(Client& client, const mailstore::Quota& quota) {
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
    put("MAILBOX", quota.used_folders, quota.limit_folders);
    out += ")\r\n";
}

}  // namespace

Reply cmd_getquota(Client& client, const Command& command) {
    auto root = parse_quota_root(command.args);
    if (!root) return bad(root.error());
    mailstore::Quota quota = client.account->quota();
    if (!root->empty() || !limited(quota)) return no("[NONEXISTENT] There is no such quota root");
    put_quota(client, quota);
    return ok("GETQUOTA completed");
}

Reply cmd_getquotaroot(Client& client, const Command& command) {
    auto name = parse_mailbox(command.args);
    if (!name) return bad(name.error());
    auto folder = client.folder(*name);
    if (!folder) return to_reply(folder.error());
    client.out += "* QUOTAROOT ";
    put_mailbox(client.out, folder->path, client.utf8);
    mailstore::Quota quota = client.account->quota();
    client.out += limited(quota) ? " \"\"\r\n" : "\r\n";
    if (limited(quota)) put_quota(client, quota);
    return ok("GETQUOTAROOT completed");
}

}  // namespace postrider::imap
