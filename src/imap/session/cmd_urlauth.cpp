#include "auth/crypto.h"
#include "directory/directory.h"
#include "imap/session/commands.h"
#include "imap/session/url_data.h"
#include "imap/wire/encode.h"
#include "imap/wire/urlauth.h"
#include "rights/shared_account.h"
#include "text/ascii.h"
#include "text/hex.h"

namespace postrider::imap {
namespace {

/// The mailbox access key (RFC 4467 §2) lies with the mailbox, under a name that no client can ask for. The
/// keys of somebody for mailboxes that are not his lie with his account.
constexpr std::string_view key_name = "urlauth/key";
constexpr std::size_t key_size = 32;

/// A mailbox, and the key table of the user whom a URL names.
struct Keyed {
    std::shared_ptr<mailstore::Account> owner;  ///< of the key table
    std::shared_ptr<mailstore::Account> account;
    mailstore::FolderInfo folder;

    bool elsewhere() const { return account->id() != owner->id(); }
    FolderId key_folder() const { return elsewhere() ? FolderId{0} : folder.id; }
    std::string key() const {
        std::string name{key_name};
        if (!elsewhere()) return name;
        name += '/';
        put_number(name, account->id().value());
        name += '/';
        put_number(name, folder.id.value());
        return name;
    }
};

/// A mailbox as that user sees it: his own, or one that is shared with him.
mailstore::Result<Keyed> keyed(const Services& services,
                               const std::shared_ptr<const directory::AccountEntry>& user,
                               std::shared_ptr<mailstore::Account> own, std::string_view path) {
    Keyed place{own, own, {}};
    if (services.sharing) {
        auto shared = services.sharing->at(user, path);
        if (!shared) return std::unexpected(shared.error());
        if (*shared) place.account = std::move(*shared);
    }
    auto folder = place.account->folder(path);
    if (!folder) return std::unexpected(folder.error());
    place.folder = std::move(*folder);
    return place;
}

std::optional<std::string> key_of(const Keyed& place) {
    auto all = place.owner->annotations(place.key_folder());
    if (!all) return std::nullopt;
    const std::string name = place.key();
    for (mailstore::Annotation& one : *all)
        if (one.name == name) return std::move(one.value);
    return std::nullopt;
}

mailstore::Result<std::string> key_for(const Keyed& place) {
    if (auto key = key_of(place)) return *key;
    std::string key = auth::random_bytes(key_size);
    auto set = place.owner->annotate(place.key_folder(), {{place.key(), key}});
    if (!set) return std::unexpected(set.error());
    return key_of(place).value_or(key);  // another session's, when it was faster
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
    auto place = keyed(client.services, owner, std::move(account), url->mailbox);
    if (!place) return std::nullopt;
    auto key = key_of(*place);
    if (!key || !auth::equal_constant_time(token_of(*key, text.substr(0, url->rump)), url->token))
        return std::nullopt;
    return url_data(*place->account, place->folder, *url);  // by the owner's rights as they are now
}

}  // namespace

/// RFC 4467 §7: a URL for each rump, which names the user himself and a mailbox that he may read. Whether
/// anybody has the name behind "user+" is not said, so that nobody finds out names by asking.
Reply cmd_genurlauth(Client& client, const Command& command) {
    auto args = parse_genurlauth(command.args);
    if (!args) return bad(args.error());
    std::string urls;
    for (const auto& [rump, mechanism] : *args) {
        if (mechanism != "INTERNAL") return no("[CANNOT] Only INTERNAL is known");
        auto url = parse_imap_url(rump);
        if (!url || url->relative || !url->token.empty()) return bad("That is no URL to authorise");
        if (url->rump == 0) return bad("That URL does not say who may use it");
        auto owner = owner_of(client, *url);
        if (!owner || owner->id != client.who->id) return bad("[NOPERM] That URL is not yours to make");
        auto place = keyed(client.services, client.who, client.account, url->mailbox);
        if (!place) {
            Reply reply = to_reply(place.error());
            if (place.error().kind == mailstore::MailError::no_such_folder) reply.status = Reply::Status::bad;
            return reply;
        }
        auto may = rights::rights_in(*place->account, place->folder.id);
        if (!may) return to_reply(may.error());
        if (!may->has(rights::Right::read)) return no("[NOPERM] You may not read that mailbox");
        auto key = key_for(*place);
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
    std::vector<std::pair<FolderId, std::string>> keys;
    if (args->mailbox) {
        auto path = client.folder_path(*args->mailbox);
        if (!path) return no("[NONEXISTENT] There is no such mailbox");
        auto place = keyed(client.services, client.who, client.account, *path);
        if (!place) return to_reply(place.error());
        keys.emplace_back(place->key_folder(), place->key());
    } else {
        auto all = client.account->folders();
        if (!all) return to_reply(all.error());
        std::vector<FolderId> with_keys{FolderId{0}};
        for (const auto& folder : *all) with_keys.push_back(folder.id);
        for (FolderId folder : with_keys) {
            auto noted = client.account->annotations(folder);
            if (!noted) return to_reply(noted.error());
            for (mailstore::Annotation& one : *noted)
                if (one.name.starts_with(key_name)) keys.emplace_back(folder, std::move(one.name));
        }
    }
    for (const std::string& mechanism : args->mechanisms)
        if (mechanism != "INTERNAL") return no("[CANNOT] Only INTERNAL is known");
    for (const auto& [folder, name] : keys) {
        auto done = client.account->annotate(folder, {{name, std::nullopt}});
        if (!done) return to_reply(done.error());
    }
    const bool told = client.secure && args->mailbox;  // §8: nothing of it where others may listen
    return ok(told ? "[URLMECH INTERNAL] RESETKEY completed" : "RESETKEY completed");
}

}  // namespace postrider::imap
