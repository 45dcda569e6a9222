// Accounts: names, passwords, classes and settings. Folders and quota: account_mail.cpp.

#include <fmt/core.h>

#include <algorithm>

#include "admin/account_mail.h"
#include "admin/account_rpop.h"
#include "admin/account_rules.h"
#include "admin/account_search.h"
#include "admin/chapters.h"
#include "admin/values.h"

namespace postrider::admin {
namespace {

using directory::AccountEntry;
using Policy = auth::Authenticator::Policy;
using Kind = Error::Kind;

Json describe(const AccountEntry& account, Time now) {
    Json out;
    out["address"] = account.address;
    out["id"] = account.id.value();
    out["enabled"] = account.enabled;
    out["class"] = account.account_class;
    out["full_name"] = account.full_name;
    out["first_name"] = account.first_name;
    out["last_name"] = account.last_name;
    out["aliases"] = account.aliases;
    Json temporary = Json::array();
    for (const directory::TemporaryAlias& one : account.temporary)
        if (one.expires > now) temporary.push_back(one.name);
    if (!temporary.empty()) out["temporary_aliases"] = std::move(temporary);
    out["has_password"] = account.password_version != 0;
    if (account.password_version != 0) out["password_changed"] = time_text(account.password_changed);
    out["must_change_password"] = account.must_change_password;
    out["customer_reference"] = account.customer_reference;
    out["created"] = time_text(account.created);
    return out;
}

Json row(const AccountEntry& account) {
    return Json{{"address", account.address},
                {"enabled", account.enabled},
                {"class", account.account_class},
                {"full_name", account.full_name},
                {"aliases", account.aliases}};
}

Result list(Context& context, const Arguments& arguments, const Progress&) {
    auto show = [&](AccountId id) -> std::expected<Json, Error> {
        auto account = need(context.directory.account(id));
        if (!account) return std::unexpected(account.error());
        return row(**account);
    };
    Listing listing = Listing::from(arguments);
    if (auto name = arguments.maybe_text("domain")) {
        auto domain = find_domain(context, *name);
        if (!domain) return std::unexpected(domain.error());
        return list_objects(context, **domain, directory::ObjectKind::account, listing, "accounts", show);
    }
    if (!listing.after.empty()) return fail(Kind::usage, "account list: with --after, say the domain too");
    Json all = Json::array();
    bool truncated = false;
    const auto domains = context.directory.domains();
    for (const auto& domain : domains) {
        Listing rest = listing;
        if (all.size() >= listing.limit) {
            truncated = true;
            break;
        }
        rest.limit = listing.limit - all.size();
        auto page = list_objects(context, *domain, directory::ObjectKind::account, rest, "accounts", show);
        if (!page) return page;
        truncated = truncated || page->contains("next");
        for (Json& one : (*page)["accounts"]) all.push_back(std::move(one));
    }
    Json out{{"accounts", std::move(all)}};
    if (truncated) out["truncated"] = true;
    return out;
}

Result show(Context& context, const Arguments& arguments, const Progress&) {
    auto account = find_account(context, arguments.text("account"));
    if (!account) return std::unexpected(account.error());
    return describe(**account, context.clock.now());
}

Result add(Context& context, const Arguments& arguments, const Progress&) {
    auto place = find_place(context, arguments.text("account"));
    if (!place) return std::unexpected(place.error());
    auto password = arguments.maybe_text("password");
    bool random = arguments.flag("random-password");
    if (password && random) return fail(Kind::usage, "account add: either a password or a random one");
    if (password && password->empty()) return fail(Kind::bad_value, "account add: the password is empty");
    directory::NewAccount account;
    account.name = place->local;
    account.full_name = arguments.text("full-name");
    account.account_class = arguments.text("class");
    account.aliases = arguments.list("alias");
    account.must_change_password = arguments.flag("must-change");

    AccountId id;
    Json out = Json::object();
    if (random) {
        auto made = need(context.authenticator.create_random_password(place->domain->id, std::move(account)));
        if (!made) return std::unexpected(made.error());
        id = made->id;
        out["password"] = made->password;
    } else if (password) {
        auto policy = arguments.flag("ignore-policy") ? Policy::ignore : Policy::enforce;
        auto made = need(
            context.authenticator.create_account(place->domain->id, std::move(account), *password, policy));
        if (!made) return std::unexpected(made.error());
        id = *made;
    } else {
        auto made = need(context.directory.create_account(place->domain->id, account));
        if (!made) return std::unexpected(made.error());
        id = *made;
    }
    auto entry = need(context.directory.account(id));
    if (!entry) return std::unexpected(entry.error());
    Json described = describe(**entry, context.clock.now());
    described.update(out);
    return described;
}

/// Finds the account, does something to it by its id, and has nothing to say.
template <class Do>
Result with_account(Context& context, const Arguments& arguments, Do&& act) {
    auto account = find_account(context, arguments.text("account"));
    if (!account) return std::unexpected(account.error());
    if (auto ok = need(act(**account)); !ok) return std::unexpected(ok.error());
    return done();
}

Result remove(Context& context, const Arguments& arguments, const Progress&) {
    return with_account(context, arguments, [&](const AccountEntry& account) {
        return context.directory.delete_account(account.id);
    });
}

Result rename(Context& context, const Arguments& arguments, const Progress&) {
    return with_account(context, arguments, [&](const AccountEntry& account) {
        return context.directory.rename_account(account.id, arguments.text("name"));
    });
}

Result enable(Context& context, const Arguments& arguments, const Progress&) {
    return with_account(context, arguments, [&](const AccountEntry& account) {
        directory::AccountChange change;
        change.enabled = true;
        return context.directory.change_account(account.id, change);
    });
}

Result disable(Context& context, const Arguments& arguments, const Progress&) {
    return with_account(context, arguments, [&](const AccountEntry& account) {
        directory::AccountChange change;
        change.enabled = false;
        return context.directory.change_account(account.id, change);
    });
}

Result change(Context& context, const Arguments& arguments, const Progress&) {
    return with_account(context, arguments, [&](const AccountEntry& account) {
        directory::AccountChange what;
        what.full_name = arguments.maybe_text("full-name");
        what.first_name = arguments.maybe_text("first-name");
        what.last_name = arguments.maybe_text("last-name");
        what.customer_reference = arguments.maybe_text("customer-reference");
        return context.directory.change_account(account.id, what);
    });
}

Result password(Context& context, const Arguments& arguments, const Progress&) {
    auto account = find_account(context, arguments.text("account"));
    if (!account) return std::unexpected(account.error());
    auto given = arguments.maybe_text("password");
    bool random = arguments.flag("random-password");
    if (given.has_value() == random)
        return fail(Kind::usage, "account password: give a password, or ask for a random one");
    if (given && given->empty()) return fail(Kind::bad_value, "account password: the password is empty");
    Policy policy = arguments.flag("ignore-policy") ? Policy::ignore : Policy::enforce;
    Json out = Json::object();
    if (random) {
        auto settings = need(context.directory.effective((*account)->id));
        if (!settings) return std::unexpected(settings.error());
        given =
            auth::Authenticator::random_password(std::clamp((*settings)->minimum_password_length, 16u, 128u));
        out["password"] = *given;
    }
    auto ok = need(
        context.authenticator.set_password((*account)->id, *given, policy, arguments.flag("must-change")));
    if (!ok) return std::unexpected(ok.error());
    return out;
}

Result alias_add(Context& context, const Arguments& arguments, const Progress&) {
    return with_account(context, arguments, [&](const AccountEntry& account) {
        return context.directory.add_account_alias(account.id, arguments.text("alias"));
    });
}

Result alias_remove(Context& context, const Arguments& arguments, const Progress&) {
    return with_account(context, arguments, [&](const AccountEntry& account) {
        return context.directory.remove_account_alias(account.id, arguments.text("alias"));
    });
}

Result set_class(Context& context, const Arguments& arguments, const Progress&) {
    return with_account(context, arguments, [&](const AccountEntry& account) {
        return context.directory.set_class(account.id, arguments.text("class"));
    });
}

Result settings_show(Context& context, const Arguments& arguments, const Progress&) {
    auto account = find_account(context, arguments.text("account"));
    if (!account) return std::unexpected(account.error());
    auto effective = need(context.directory.effective((*account)->id));
    if (!effective) return std::unexpected(effective.error());
    return show_values(context, directory::SettingsLevel::account((*account)->id), **effective);
}

Result set(Context& context, const Arguments& arguments, const Progress&) {
    auto account = find_account(context, arguments.text("account"));
    if (!account) return std::unexpected(account.error());
    return set_value(context, directory::SettingsLevel::account((*account)->id), arguments);
}

Result reset(Context& context, const Arguments& arguments, const Progress&) {
    auto account = find_account(context, arguments.text("account"));
    if (!account) return std::unexpected(account.error());
    return reset_value(context, directory::SettingsLevel::account((*account)->id), arguments);
}

Result forgive(Context& context, const Arguments& arguments, const Progress&) {
    auto account = find_account(context, arguments.text("account"));
    if (!account) return std::unexpected(account.error());
    context.authenticator.forgive((*account)->id);
    return done();
}

constexpr Argument the_account{"account", Type::text, "Address of the account, by name or alias", true};
constexpr Argument only_account[] = {the_account};
constexpr Argument list_arguments[] = {{"domain", Type::text, "Only of this domain", false, true},
                                       {"prefix", Type::text, "Only names that begin so"},
                                       {"after", Type::text, "The 'next' of the page before"},
                                       {"limit", Type::number, "At most so many, 1 to 10000 [1000]"}};
constexpr Argument add_arguments[] = {
    {"account", Type::text, "Address of the new account", true},
    {"password", Type::secret, "Its password; without one nobody can log in to it"},
    {"random-password", Type::flag, "Make a password and show it"},
    {"ignore-policy", Type::flag, "Take the password even if it is against the password policy"},
    {"must-change", Type::flag, "The owner must change the password at the first log-in"},
    {"class", Type::text, "Account class that it inherits from [domain defaults]"},
    {"full-name", Type::text, "Name of the owner"},
    {"alias", Type::list, "Further local part"}};
constexpr Argument rename_arguments[] = {the_account, {"name", Type::text, "New local part", true}};
constexpr Argument change_arguments[] = {the_account,
                                         {"full-name", Type::text, "Name of the owner"},
                                         {"first-name", Type::text, "Given name"},
                                         {"last-name", Type::text, "Family name"},
                                         {"customer-reference", Type::text, "Text for your own use"}};
constexpr Argument password_arguments[] = {
    the_account,
    {"password", Type::secret, "The new password"},
    {"random-password", Type::flag, "Make a password and show it"},
    {"ignore-policy", Type::flag, "Take the password even if it is against the password policy"},
    {"must-change", Type::flag, "The owner must change it at the next log-in"}};
constexpr Argument alias_arguments[] = {the_account, {"alias", Type::text, "Further local part", true}};
constexpr Argument class_arguments[] = {
    the_account, {"class", Type::text, "Name of the class; none: the domain's defaults", false, true}};
constexpr Argument connection_id{"id", Type::number, "Number of the connection", true};
constexpr Argument rpop_arguments[] = {
    the_account,
    {"template", Type::text, "Provider whose host, port and TLS to take"},
    {"protocol", Type::text, "pop3 or imap [pop3]"},
    {"host", Type::text, "Server from which mail is fetched"},
    {"port", Type::number, "Its port [the usual one]"},
    {"tls", Type::text, "tls (from the first octet), starttls or none [tls]"},
    {"no-verify", Type::flag, "Take any certificate of the server"},
    {"user", Type::text, "Log-in name there"},
    {"password", Type::secret, "Password there"},
    {"folder", Type::text, "Folder here that gets the mail [INBOX]"},
    {"remote-folder", Type::text, "Folder there (IMAP) [INBOX]"},
    {"interval", Type::number, "Minutes between two retrievals"},
    {"delete", Type::flag, "Delete there what has been fetched [keep it]"},
    {"days", Type::number, "Delete there that many days after it was fetched"},
    {"disable", Type::flag, "Do not fetch for now"}};
constexpr Argument rpop_update_arguments[] = {
    the_account,
    connection_id,
    {"protocol", Type::text, "pop3 or imap"},
    {"host", Type::text, "Server from which mail is fetched"},
    {"port", Type::number, "Its port"},
    {"tls", Type::text, "tls, starttls or none"},
    {"verify", Type::flag, "Check the server's certificate"},
    {"no-verify", Type::flag, "Take any certificate of the server"},
    {"user", Type::text, "Log-in name there"},
    {"password", Type::secret, "Password there"},
    {"folder", Type::text, "Folder here that gets the mail"},
    {"remote-folder", Type::text, "Folder there (IMAP)"},
    {"interval", Type::number, "Minutes between two retrievals"},
    {"keep", Type::flag, "Keep there what has been fetched"},
    {"delete", Type::flag, "Delete there what has been fetched"},
    {"days", Type::number, "Delete there that many days after it was fetched; 0: never"},
    {"enable", Type::flag, "Fetch again"},
    {"disable", Type::flag, "Do not fetch for now"}};
constexpr Argument rpop_id_arguments[] = {the_account, connection_id};
constexpr Argument rpop_run_arguments[] = {
    the_account, {"id", Type::number, "Number of the connection [all of the account]", false, true}};
constexpr Argument temporary_add_arguments[] = {
    the_account,
    {"name", Type::text, "Local part [letters and digits that nobody can guess]"},
    {"days", Type::number, "How long it works [as long as the account's settings allow]"},
    {"seconds", Type::number, "The same in seconds"}};
constexpr Argument temporary_remove_arguments[] = {
    the_account, {"name", Type::text, "Local part of the temporary address", true}};
constexpr Argument search_add_arguments[] = {
    the_account,
    {"path", Type::text, "Where the folder is to be", true},
    {"criteria", Type::text, "What is searched, as IMAP's SEARCH has it: 'FROM boss UNSEEN'", true},
    {"folder", Type::list, "Only in these folders [all but Trash and Junk]"}};
constexpr Argument search_change_arguments[] = {
    the_account,
    {"path", Type::text, "The search folder", true},
    {"criteria", Type::text, "What is searched from now on"},
    {"folder", Type::list, "Only in these folders from now on"},
    {"everywhere", Type::flag, "In all folders but Trash and Junk from now on"}};
constexpr Argument search_remove_arguments[] = {the_account, {"path", Type::text, "The search folder", true}};
constexpr Argument value_arguments[] = {
    the_account, {"name", Type::text, "Name of the setting", true}, {"value", Type::text, value_help, true}};
constexpr Argument name_arguments[] = {the_account, {"name", Type::text, "Name of the setting", true}};

constexpr Operation operations[] = {
    {"account list", "List accounts", list_arguments, list},
    {"account show", "Show one account", only_account, show},
    {"account add", "Make an account", add_arguments, add, true},
    {"account delete", "Delete an account and its mail", only_account, remove, true},
    {"account rename", "Give an account another name; its mail and id stay", rename_arguments, rename, true},
    {"account enable", "Take mail and log-ins for the account again", only_account, enable, true},
    {"account disable", "Take no mail and no log-ins for the account until it is enabled", only_account,
     disable, true},
    {"account change", "Change what is known about the owner", change_arguments, change, true},
    {"account password", "Set an account's password", password_arguments, password, true},
    {"account alias add", "Give an account a further name", alias_arguments, alias_add, true},
    {"account alias remove", "Take a further name away", alias_arguments, alias_remove, true},
    {"account class", "Let an account inherit from a class", class_arguments, set_class, true},
    {"account settings", "Show the settings that hold for an account", only_account, settings_show},
    {"account set", "Set one for this account alone", value_arguments, set, true},
    {"account reset", "Let one be inherited again", name_arguments, reset, true},
    {"account quota", "Show what an account uses and may use", only_account, account_quota},
    {"account folders", "List an account's folders with their counters", only_account, account_folders},
    {"account search add", "Make a folder that shows what a search finds", search_add_arguments,
     account_search_add, true},
    {"account search list", "List an account's search folders", only_account, account_search_list},
    {"account search change", "Let a search folder search for something else, or elsewhere",
     search_change_arguments, account_search_change, true},
    {"account search restart", "Let a search folder forget what it has found, and search all again",
     search_remove_arguments, account_search_restart, true},
    {"account search remove", "Remove a search folder; the messages stay", search_remove_arguments,
     account_search_remove, true},
    {"account temporary add", "Give an account an address that works for a while", temporary_add_arguments,
     account_temporary_add, true},
    {"account temporary list", "List an account's temporary addresses, those that have expired too",
     only_account, account_temporary_list},
    {"account temporary remove", "Let a temporary address expire now", temporary_remove_arguments,
     account_temporary_remove, true},
    {"account send-quota show", "Show what an account has sent in its interval, and what it may send",
     only_account, account_send_quota_show, false, true},
    {"account send-quota reset", "Forget what an account has sent in its interval", only_account,
     account_send_quota_reset, false, true},
    {"account rpop add", "Fetch mail for an account from a mailbox elsewhere", rpop_arguments,
     account_rpop_add, true},
    {"account rpop list", "List the mailboxes from which mail is fetched, and how that went", only_account,
     account_rpop_list},
    {"account rpop update", "Change one of them", rpop_update_arguments, account_rpop_update, true},
    {"account rpop remove", "Fetch from one of them no more", rpop_id_arguments, account_rpop_remove, true},
    {"account rpop run", "Fetch now, as soon as a thread is free", rpop_run_arguments, account_rpop_run,
     false, true},
    {"account forgive", "Forget failed log-ins, so that the account can be logged in to at once",
     only_account, forgive, false, true},
};

}  // namespace

Chapter account_chapter() {
    return {"account", "Accounts", operations};
}

}  // namespace postrider::admin
