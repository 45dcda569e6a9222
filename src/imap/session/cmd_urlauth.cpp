#include "auth/crypto.h"
#include "directory/directory.h"
#include "imap/session/commands.h"
#include "imap/session/url_data.h"
#include "imap/wire/encode.h"
#include "imap/wire/urlauth.h"
#include "text/ascii.h"
#include "text/hex.h"

namespace postrider::imap {
namespace {

/// The mailbox access key (RFC 4467 §2) lies with the mailbox, under a name that no client can ask for.
constexpr std::string_view key_name = "urlauth/key";
constexpr std::size_t key_size = 32;

std::optional<std::string> key_of(mailstore::Account& account, FolderId folder) {
    auto all = account.annotations(folder);
    if (!all) return std::nullopt;
    for (mailstore::Annotation& one : *all)
        if (one.name == key_name) return std::move(one.value);
    return std::nullopt;
}

mailstore::Result<std::string> key_for(mailstore::Account& account, FolderId folder) {
    if (auto key = key_of(account, folder)) return *key;
    std::string key = auth::random_bytes(key_size);
    auto set = account.annotate(folder, {{std::string{key_name}, key}});
    if (!set) return std::unexpected(set.error());
    return key_of(account, folder).value_or(key);  // another session's, when it was faster
}

/// INTERNAL's token: "01" for the way it is made, then an HMAC of the rump.
std::string token_of(std::string_view key, std::string_view rump) {
    auth::Digest digest = auth::hmac_sha256(key, rump);
    return "01" + text::to_hex(auth::view(digest));
}

/// Whose mailbox a URL names: "imap://alice@example.org/" is alice's of that domain.
std::shared_ptr<const directory::AccountEntry> owner_of(const Client& client, const ImapUrl& url) {
    if (url.relative || url.user.empty()) return nullptr;
    std::string name = url.user.find('@') == std::string::npos ? url.user + '@' + url.host : url.user;
    auto login = client.services.directory.login_name(name);
    return login ? login->account : nullptr;
}

bool same_user(const Client& client, std::string_view name) {
    auto login = client.services.directory.login_name(name);
    return login && login->account->id == client.who->id;
}

/// RFC 4467 §3: who may use a URL. "submit+" is for submission servers, of which no session is one.
bool may_fetch(const Client& client, const ImapUrl& url) {
    if (text::equal_ci(url.access, "anonymous") || text::equal_ci(url.access, "authuser")) return true;
    constexpr std::string_view user = "user+";
    return text::starts_with_ci(url.access, user)
           && same_user(client, std::string_view{url.access}.substr(user.size()));
}

std::optional<std::string> fetch_url(const Client& client, std::string_view text) {
    auto url = parse_imap_url(text);
    if (!url || url->rump == 0 || url->mechanism != "INTERNAL" || !may_fetch(client, *url))
        return std::nullopt;
    if (url->expires && *url->expires < client.services.clock.now()) return std::nullopt;
    auto owner = owner_of(client, *url);
    if (!owner) return std::nullopt;
    auto account = owner->id == client.who->id ? client.account : nullptr;
    if (!account) {
        auto opened = client.services.store.account(owner->id);
        if (!opened) return std::nullopt;
        account = std::move(*opened);
    }
    auto folder = account->folder(url->mailbox);
    if (!folder) return std::nullopt;
    auto key = key_of(*account, folder->id);
    if (!key || !auth::equal_constant_time(token_of(*key, text.substr(0, url->rump)), url->token))
        return std::nullopt;
    return url_data(*account, *folder, *url);
}

}  // namespace

/// RFC 4467 §7: a URL for each rump, which names a message of one's own.
Reply cmd_genurlauth(Client& client, const Command& command) {
    auto args = parse_genurlauth(command.args);
    if (!args) return bad(args.error());
    std::string urls;
    for (const auto& [rump, mechanism] : *args) {
        if (mechanism != "INTERNAL") return no("[CANNOT] Only INTERNAL is known");
        auto url = parse_imap_url(rump);
        if (!url || url->relative || url->rump == 0 || !url->token.empty())
            return bad("That is no URL to authorise");
        auto owner = owner_of(client, *url);
        if (!owner || owner->id != client.who->id) return no("[NOPERM] That is not your mailbox");
        auto folder = client.account->folder(url->mailbox);
        if (!folder) return to_reply(folder.error());
        auto key = key_for(*client.account, folder->id);
        if (!key) return to_reply(key.error());
        urls += ' ';
        put_string(urls, rump + ":internal:" + token_of(*key, rump));
    }
    client.out += "* GENURLAUTH" + urls + "\r\n";
    return ok("GENURLAUTH completed");
}

/// RFC 4467 §7: whatever is wrong with a URL, the answer is NIL.
Reply cmd_urlfetch(Client& client, const Command& command) {
    auto urls = parse_urlfetch(command.args);
    if (!urls) return bad(urls.error());
    std::string& out = client.out;
    std::size_t sum = 0;
    out += "* URLFETCH";
    for (const std::string& url : *urls) {
        out += ' ';
        put_string(out, url);
        auto octets = sum < most_fetched ? fetch_url(client, url) : std::nullopt;
        if (!octets) {
            out += " NIL";
            continue;
        }
        sum += octets->size();
        out += ' ';
        put_literal(out, *octets);
    }
    out += "\r\n";
    return ok("URLFETCH completed");
}

/// RFC 4467 §7: without a mailbox, of all of them.
Reply cmd_resetkey(Client& client, const Command& command) {
    auto args = parse_resetkey(command.args);
    if (!args) return bad(args.error());
    std::vector<FolderId> folders;
    if (args->mailbox) {
        auto folder = client.folder(*args->mailbox);
        if (!folder) return to_reply(folder.error());
        if (!client.is_own(*folder->account)) return no("[NOPERM] That is not your mailbox");
        folders.push_back(folder->id);
    } else {
        auto all = client.account->folders();
        if (!all) return to_reply(all.error());
        for (const auto& folder : *all)
            if (key_of(*client.account, folder.id)) folders.push_back(folder.id);
    }
    for (const std::string& mechanism : args->mechanisms)
        if (mechanism != "INTERNAL") return no("[CANNOT] Only INTERNAL is known");
    for (FolderId folder : folders) {
        auto done = client.account->annotate(folder, {{std::string{key_name}, std::nullopt}});
        if (!done) return to_reply(done.error());
    }
    return ok("[URLMECH INTERNAL] RESETKEY completed");
}

}  // namespace postrider::imap
