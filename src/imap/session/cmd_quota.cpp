#include <algorithm>

#include "directory/admin_limits.h"
#include "directory/directory.h"
#include "imap/session/commands.h"
#include "imap/wire/encode.h"
#include "imap/wire/simple.h"
#include "rights/shared_account.h"

namespace postrider::imap {
namespace {

/// An account has one quota root, "", unless nothing is limited: RFC 9208 §7 has no QUOTA reply without
/// resources.
bool limited(const mailstore::Quota& quota) {
    return quota.limit_bytes != 0 || quota.limit_messages != 0 || quota.limit_folders != 0;
}

/// RFC 9208 §5.1: STORAGE counts units of 1024 octets.
void put_quota(Client& client, std::string_view root, const mailstore::Quota& quota) {
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
    out += "* QUOTA ";
    put_string(out, root, client.utf8);
    out += " (";
    put("STORAGE", (quota.used_bytes + 1023) / 1024, (quota.limit_bytes + 1023) / 1024);
    put("MESSAGE", quota.used_messages, quota.limit_messages);
    put("MAILBOX", quota.used_folders, quota.limit_folders);
    out += ")\r\n";
}

/// One's own root is ""; somebody's who shares is his address; public folders' is what stands above them.
std::string root_of(const Client& client, mailstore::Account& account) {
    auto* shared = dynamic_cast<rights::SharedAccount*>(&account);
    if (shared == nullptr) return {};
    if (shared->owner().is_public) return shared->root();
    return client.services.sharing->name_of(rights::Principal::account(account.id()));
}

/// The account with that root, when the client sees anything of it.
std::shared_ptr<mailstore::Account> shared_with(const Client& client, const std::string& root) {
    if (client.services.sharing == nullptr) return nullptr;
    std::string path = root;
    if (auto at = root.rfind('@'); at != std::string::npos)
        path = std::string{rights::others_root} + '/' + root.substr(0, at);
    auto account = client.services.sharing->at(client.who, path);
    if (!account || !*account || root_of(client, **account) != root) return nullptr;
    auto folders = (*account)->folders();
    if (!folders || folders->empty()) return nullptr;
    return std::move(*account);
}

/// Whose quota root that is: "" is the client's own; who manages a domain names others by their addresses.
std::shared_ptr<mailstore::Account> account_of(const Client& client, const std::string& root) {
    if (root.empty()) return client.account;
    if (auto shared = shared_with(client, root)) return shared;
    if (!manages_quotas(client)) return nullptr;
    auto named = client.services.directory.login_name(root);
    if (!named || named->account->domain != client.who->domain) return nullptr;
    auto account = mailstore::open_or_create(client.services.store, named->account->id);
    return account ? *account : nullptr;
}

Reply no_such_root() {
    return no("[NONEXISTENT] There is no such quota root");
}

/// What a command may change of an account: the attribute, and what the domain's ceiling for it is.
struct ResourceRow {
    std::string_view resource;
    std::string_view attribute;
    std::uint64_t ceiling;
};

}  // namespace

bool manages_quotas(const Client& client) {
    auto domain = client.services.directory.domain(client.who->domain);
    return domain && domain->postmaster == client.who->id;
}

Reply cmd_getquota(Client& client, const Command& command) {
    auto root = parse_quota_root(command.args);
    if (!root) return bad(root.error());
    auto account = account_of(client, *root);
    if (!account) return no_such_root();
    mailstore::Quota quota = account->quota();
    if (!limited(quota)) return no_such_root();
    put_quota(client, *root, quota);
    return ok("GETQUOTA completed");
}

/// RFC 9208 §4.1.3, for the postmaster of a domain and the accounts in it, within what the domain may give
/// away. What is not named has no limit any more.
Reply cmd_setquota(Client& client, const Command& command) {
    auto args = parse_set_quota(command.args);
    if (!args) return bad(args.error());
    if (!manages_quotas(client)) return no("[NOPERM] Quotas are set by the postmaster");
    auto account = account_of(client, args->root);
    if (!account) return no_such_root();
    auto ceilings = directory::admin_limits(client.services.store.kv(), client.who->domain);
    if (!ceilings) return no("[UNAVAILABLE] The limits of the domain cannot be read now");
    const ResourceRow rows[] = {{"STORAGE", "totalMessageSize", ceilings->message_size_kb},
                                {"MESSAGE", "totalMessageCount", ceilings->message_count},
                                {"MAILBOX", "mboxCount", ceilings->folder_count}};
    std::vector<directory::Directory::ValueChange> changes;
    for (const ResourceRow& row : rows) {
        std::uint64_t limit = 0;
        for (const auto& [resource, wanted] : args->limits) {
            if (resource != row.resource) continue;
            if (wanted == 0) return no("[CANNOT] Nobody can be left without any room");  // 0 is no limit here
            limit = wanted;
        }
        if (row.ceiling != 0 && (limit == 0 || limit > row.ceiling))
            return no("[NOPERM] The domain may not give away so much");
        changes.push_back({std::string{row.attribute}, std::to_string(limit)});
    }
    for (const auto& [resource, wanted] : args->limits)
        if (std::none_of(std::begin(rows), std::end(rows),
                         [&](const ResourceRow& row) { return row.resource == resource; }))
            return no("[CANNOT] There is no such resource");
    auto done =
        client.services.directory.change_values(directory::SettingsLevel::account(account->id()), changes);
    if (!done) return no("[CANNOT] " + done.error().what);
    client.services.log.info(client.id, "'{}' has set the quota of '{}'", client.who->address,
                             args->root.empty() ? client.who->address : args->root);
    mailstore::Quota quota = account->quota();
    if (limited(quota)) put_quota(client, args->root, quota);
    return ok("SETQUOTA completed");
}

Reply cmd_getquotaroot(Client& client, const Command& command) {
    auto name = parse_mailbox(command.args);
    if (!name) return bad(name.error());
    auto folder = client.folder(*name);
    if (!folder) return to_reply(folder.error());
    client.out += "* QUOTAROOT ";
    put_mailbox(client.out, folder->path, client.utf8);
    const std::string root = root_of(client, *folder->account);
    mailstore::Quota quota = folder->account->quota();
    const bool has_root = limited(quota);
    if (has_root) {
        client.out += ' ';
        put_string(client.out, root, client.utf8);
    }
    client.out += "\r\n";
    if (has_root) put_quota(client, root, quota);
    return ok("GETQUOTAROOT completed");
}

}  // namespace postrider::imap
