#include "imap/session/commands.h"
#include "imap/session/rights_reply.h"
#include "imap/wire/acl.h"
#include "imap/wire/encode.h"
#include "rights/shared_account.h"

/// RFC 4314 §3. An identifier that begins with "-" is about what is denied.
namespace postrider::imap {
namespace {

using rights::Entry;
using rights::Principal;
using rights::RightSet;

/// A mailbox whose rights are asked about, and whose it is.
struct Asked {
    Mailbox mailbox;
    rights::Owner owner;
    RightSet mine;
};

std::expected<Asked, Reply> asked_about(const Client& client, std::string_view name, RightSet any_of) {
    if (!client.services.sharing) return std::unexpected(no("[CANNOT] Nothing is shared on this server"));
    auto found = client.any_folder(name);
    if (!found) return std::unexpected(to_reply(found.error()));
    auto mine = rights::rights_in(*found->account, found->id);
    if (!mine) return std::unexpected(to_reply(mine.error()));
    if (!mine->has_any(any_of))  // §6: who may not see it hears nothing of it
        return std::unexpected(mine->has(rights::Right::lookup)
                                   ? no("[NOPERM] You may not do that there")
                                   : no("[NONEXISTENT] There is no such mailbox"));
    auto* shared = dynamic_cast<rights::SharedAccount*>(found->account.get());
    rights::Owner owner = shared ? shared->owner() : client.services.sharing->owner_of(*client.who);
    return Asked{std::move(*found), std::move(owner), *mine};
}

constexpr RightSet administer{rights::Right::administer};

struct Identifier {
    Principal who;
    bool denies = false;
};

std::expected<Identifier, Reply> identify(const Client& client, const Asked& asked, std::string_view name) {
    Identifier found;
    found.denies = name.starts_with('-');
    if (found.denies) name.remove_prefix(1);
    if (name.empty()) return std::unexpected(bad("The identifier is empty"));
    auto who = client.services.sharing->principal_named(asked.owner.domain, name);
    if (!who) return std::unexpected(no("[CANNOT] There is no such person or group"));
    found.who = *who;
    return found;
}

/// What DELETEACL and LISTRIGHTS begin with.
struct AskedOfOne {
    Asked asked;
    Identifier whom;
    std::string spelled;  ///< as the client has named him
};

std::expected<AskedOfOne, Reply> asked_of_one(const Client& client, const Command& command) {
    auto args = parse_acl_identifier(command.args);
    if (!args) return std::unexpected(bad(args.error()));
    auto asked = asked_about(client, args->mailbox, administer);
    if (!asked) return std::unexpected(asked.error());
    auto whom = identify(client, *asked, args->identifier);
    if (!whom) return std::unexpected(whom.error());
    return AskedOfOne{std::move(*asked), std::move(*whom), std::move(args->identifier)};
}

}  // namespace

void put_my_rights(Client& client, const Mailbox& mailbox, RightSet mine) {
    client.out += "* MYRIGHTS ";
    put_mailbox(client.out, mailbox.path, client.utf8);
    client.out += ' ';
    put_astring(client.out, letters(mine));
    client.out += "\r\n";
}

Reply cmd_myrights(Client& client, const Command& command) {
    auto name = parse_acl_mailbox(command.args);
    if (!name) return bad(name.error());
    using rights::Right;
    const RightSet any{Right::lookup, Right::read,   Right::insert,
                       Right::create, Right::remove, Right::administer};
    auto asked = asked_about(client, *name, any);
    if (!asked) return asked.error();
    put_my_rights(client, asked->mailbox, asked->mine);
    return ok("MYRIGHTS completed");
}

Reply cmd_getacl(Client& client, const Command& command) {
    auto name = parse_acl_mailbox(command.args);
    if (!name) return bad(name.error());
    auto asked = asked_about(client, *name, administer);
    if (!asked) return asked.error();
    auto entries = client.services.sharing->entries(asked->owner, asked->mailbox.id);
    if (!entries) return to_reply(entries.error());
    std::string& out = client.out;
    out += "* ACL ";
    put_mailbox(out, asked->mailbox.path, client.utf8);
    auto put = [&](const std::string& who, RightSet set) {
        if ((set & rights::folder_rights).empty()) return;
        out += ' ';
        put_string(out, who, client.utf8);
        out += ' ';
        put_astring(out, letters(set));
    };
    for (const Entry& entry : *entries) {
        const std::string who = client.services.sharing->name_of(entry.who);
        if (who.empty()) continue;  // somebody who is gone
        put(who, entry.allow);
        put('-' + who, entry.deny);
    }
    out += "\r\n";
    return ok("GETACL completed");
}

Reply cmd_setacl(Client& client, const Command& command) {
    auto args = parse_set_acl(command.args);
    if (!args) return bad(args.error());
    auto named = rights::rights_of_letters(args->letters);
    if (!named) return bad("There is no such right");
    auto asked = asked_about(client, args->mailbox, administer);
    if (!asked) return asked.error();
    auto whom = identify(client, *asked, args->identifier);
    if (!whom) return whom.error();
    rights::Sharing& sharing = *client.services.sharing;
    using How = rights::Sharing::How;
    const How how = args->mode == SetAclArgs::Mode::add      ? How::add
                    : args->mode == SetAclArgs::Mode::remove ? How::take_away
                                                             : How::replace;
    auto done = sharing.change_rights(asked->owner, asked->mailbox.id, whom->who, *named, how, whom->denies);
    if (!done) return to_reply(done.error());
    return ok("SETACL completed");
}

Reply cmd_deleteacl(Client& client, const Command& command) {
    auto request = asked_of_one(client, command);
    if (!request) return request.error();
    const auto& [asked, whom, spelled] = *request;
    auto done = client.services.sharing->change_rights(asked.owner, asked.mailbox.id, whom.who, {},
                                                       rights::Sharing::How::replace, whom.denies);
    if (!done) return to_reply(done.error());
    return ok("DELETEACL completed");
}

/// What can be granted: each right by itself, but "i" and "p" together. The owner has all of them always.
Reply cmd_listrights(Client& client, const Command& command) {
    auto request = asked_of_one(client, command);
    if (!request) return request.error();
    const auto& [asked, whom, spelled] = *request;
    std::string& out = client.out;
    out += "* LISTRIGHTS ";
    put_mailbox(out, asked.mailbox.path, client.utf8);
    out += ' ';
    put_astring(out, spelled);
    const bool owner = whom.who == Principal::account(asked.owner.id) && !whom.denies;
    if (owner)
        out += " lrswipkxteacd";
    else
        out += " \"\" l r s w ip k x t e a c d";
    out += "\r\n";
    return ok("LISTRIGHTS completed");
}

}  // namespace postrider::imap
