// Domains: who they are, what they are called, where their mail lies and what their accounts inherit.

#include <fmt/core.h>

#include <algorithm>

#include "admin/chapters.h"
#include "admin/domain_appender.h"
#include "admin/values.h"

namespace postrider::admin {
namespace {

using directory::Domain;
using Kind = Error::Kind;

std::string_view word(Domain::CatchAll kind) {
    switch (kind) {
        case Domain::CatchAll::disabled: return "off";
        case Domain::CatchAll::account: return "account";
        case Domain::CatchAll::folder: return "folder";
    }
    return "";
}

Json describe(Context& context, const Domain& domain) {
    Json out;
    out["name"] = domain.name;
    out["id"] = domain.id.value();
    out["enabled"] = domain.enabled;
    out["aliases"] = domain.aliases;
    out["catch_all"] = word(domain.catch_all);
    if (domain.catch_all != Domain::CatchAll::disabled) out["catch_all_target"] = domain.catch_all_target;
    auto postmaster = context.directory.account(domain.postmaster);
    out["postmaster"] = postmaster ? (*postmaster)->address : std::string{};
    out["services"] = services_json(domain.services);
    out["locations"] = domain.locations;
    out["customer_reference"] = domain.customer_reference;
    out["assigned_ip"] = domain.assigned_ip;
    out["created"] = time_text(domain.created);
    return out;
}

Result list(Context& context, const Arguments&, const Progress&) {
    Json rows = Json::array();
    const auto all = context.directory.domains();
    for (const auto& domain : all)
        rows.push_back(Json{{"name", domain->name},
                            {"enabled", domain->enabled},
                            {"locations", domain->locations},
                            {"aliases", domain->aliases}});
    return Json{{"domains", std::move(rows)}};
}

Result show(Context& context, const Arguments& arguments, const Progress&) {
    auto domain = find_domain(context, arguments.text("domain"));
    if (!domain) return std::unexpected(domain.error());
    return describe(context, **domain);
}

/// Locations' numbers, all known to the mail store.
std::expected<std::vector<std::uint16_t>, Error> location_numbers(Context& context,
                                                                  const std::vector<std::string>& texts) {
    const auto report = context.store.report();
    std::vector<std::uint16_t> numbers;
    for (const std::string& text : texts) {
        const auto at = std::ranges::find_if(
            report.locations, [&](const auto& one) { return std::to_string(one.first) == text; });
        if (at == report.locations.end())
            return fail(
                Kind::not_found,
                fmt::format("There is no storage location {}; `storage report` shows those there are, "
                            "`storage add-location` makes another",
                            text));
        numbers.push_back(at->first);
    }
    return numbers;
}

Result add(Context& context, const Arguments& arguments, const Progress&) {
    directory::NewDomain domain;
    domain.name = arguments.text("domain");
    if (context.locations_of) domain.locations = context.locations_of(domain.name);
    if (arguments.has("location")) {
        auto numbers = location_numbers(context, arguments.list("location"));
        if (!numbers) return std::unexpected(numbers.error());
        domain.locations = std::move(*numbers);
    }
    if (auto password = arguments.maybe_text("postmaster-password")) {
        auto made = need(context.authenticator.make_credentials(*password));
        if (!made) return std::unexpected(made.error());
        domain.postmaster_credentials = std::move(*made);
    }
    auto id = need(context.directory.create_domain(domain));
    if (!id) return std::unexpected(id.error());
    auto made = context.directory.domain(*id);
    if (!made)
        return fail(Kind::not_found, fmt::format("The domain '{}' was deleted again at once", domain.name));
    return describe(context, *made);
}

/// Everybody who may have folders.
std::expected<std::vector<AccountId>, Error> owners(Context& context, const Domain& domain) {
    std::vector<AccountId> all{domain.public_account};
    std::string after;
    do {
        auto page =
            need(context.directory.list(domain.id, directory::ObjectKind::account, {}, after, max_listed));
        if (!page) return std::unexpected(page.error());
        for (const directory::ListedObject& one : page->objects) all.push_back(one.id);
        after = std::move(page->next);
    } while (!after.empty());
    return all;
}

Result remove(Context& context, const Arguments& arguments, const Progress& progress) {
    auto domain = find_domain(context, arguments.text("domain"));
    if (!domain) return std::unexpected(domain.error());
    auto accounts = owners(context, **domain);
    if (!accounts) return std::unexpected(accounts.error());
    auto how = arguments.flag("forced") ? directory::Directory::Delete::forced
                                        : directory::Directory::Delete::refuse_when_not_empty;
    if (auto gone = need(context.directory.delete_domain((*domain)->id, how)); !gone)
        return std::unexpected(gone.error());
    for (std::size_t i = 0; i < accounts->size(); ++i) {
        auto erased = context.store.delete_account((*accounts)[i]);
        if (!erased && erased.error().kind != mailstore::MailError::no_such_account)
            return fail(erased.error());
        progress("erasing mail", static_cast<int>((i + 1) * 100 / accounts->size()));
    }
    return Json{{"accounts", accounts->size() - 1}};
}

Result rename(Context& context, const Arguments& arguments, const Progress&) {
    auto domain = find_domain(context, arguments.text("domain"));
    if (!domain) return std::unexpected(domain.error());
    auto renamed = need(context.directory.rename_domain((*domain)->id, arguments.text("name")));
    if (!renamed) return std::unexpected(renamed.error());
    return done();
}

Result change(Context& context, const Arguments& arguments, const directory::DomainChange& what) {
    auto domain = find_domain(context, arguments.text("domain"));
    if (!domain) return std::unexpected(domain.error());
    if (auto ok = need(context.directory.change_domain((*domain)->id, what)); !ok)
        return std::unexpected(ok.error());
    return done();
}

Result enable(Context& context, const Arguments& arguments, const Progress&) {
    directory::DomainChange what;
    what.enabled = true;
    return change(context, arguments, what);
}

Result disable(Context& context, const Arguments& arguments, const Progress&) {
    directory::DomainChange what;
    what.enabled = false;
    return change(context, arguments, what);
}

Result set(Context& context, const Arguments& arguments, const Progress&) {
    directory::DomainChange what;
    if (arguments.has("location")) {
        auto numbers = location_numbers(context, arguments.list("location"));
        if (!numbers) return std::unexpected(numbers.error());
        what.locations = std::move(*numbers);
    }
    if (arguments.has("services")) {
        auto services = parse_services(arguments.list("services"));
        if (!services) return std::unexpected(services.error());
        what.services = *services;
    }
    what.customer_reference = arguments.maybe_text("customer-reference");
    what.assigned_ip = arguments.maybe_text("assigned-ip");
    if (auto ok = change(context, arguments, what); !ok) return ok;
    auto postmaster = arguments.maybe_text("postmaster");
    if (!postmaster) return done();
    auto domain = find_domain(context, arguments.text("domain"));
    if (!domain) return std::unexpected(domain.error());
    auto ok = need(context.directory.set_postmaster((*domain)->id, *postmaster));
    if (!ok) return std::unexpected(ok.error());
    return done();
}

Result alias_add(Context& context, const Arguments& arguments, const Progress&) {
    auto domain = find_domain(context, arguments.text("domain"));
    if (!domain) return std::unexpected(domain.error());
    auto ok = need(context.directory.add_domain_alias((*domain)->id, arguments.text("alias")));
    if (!ok) return std::unexpected(ok.error());
    return done();
}

Result alias_remove(Context& context, const Arguments& arguments, const Progress&) {
    auto domain = find_domain(context, arguments.text("domain"));
    if (!domain) return std::unexpected(domain.error());
    auto ok = need(context.directory.remove_domain_alias((*domain)->id, arguments.text("alias")));
    if (!ok) return std::unexpected(ok.error());
    return done();
}

Result catch_all(Context& context, const Arguments& arguments, const Progress&) {
    auto domain = find_domain(context, arguments.text("domain"));
    if (!domain) return std::unexpected(domain.error());
    auto account = arguments.maybe_text("account"), folder = arguments.maybe_text("folder");
    if (int{account.has_value()} + int{folder.has_value()} + int{arguments.flag("off")} != 1)
        return fail(Kind::usage, "domain catch-all: say one of account, folder and off");
    auto kind = account  ? Domain::CatchAll::account
                : folder ? Domain::CatchAll::folder
                         : Domain::CatchAll::disabled;
    auto ok =
        need(context.directory.set_catch_all((*domain)->id, kind, account ? *account : folder.value_or("")));
    if (!ok) return std::unexpected(ok.error());
    return done();
}

Result defaults_show(Context& context, const Arguments& arguments, const Progress&) {
    auto domain = find_domain(context, arguments.text("domain"));
    if (!domain) return std::unexpected(domain.error());
    auto effective = need(context.directory.effective((*domain)->id));
    if (!effective) return std::unexpected(effective.error());
    return show_values(context, directory::SettingsLevel::domain((*domain)->id), **effective);
}

Result defaults_set(Context& context, const Arguments& arguments, const Progress&) {
    auto domain = find_domain(context, arguments.text("domain"));
    if (!domain) return std::unexpected(domain.error());
    return set_value(context, directory::SettingsLevel::domain((*domain)->id), arguments);
}

Result defaults_reset(Context& context, const Arguments& arguments, const Progress&) {
    auto domain = find_domain(context, arguments.text("domain"));
    if (!domain) return std::unexpected(domain.error());
    return reset_value(context, directory::SettingsLevel::domain((*domain)->id), arguments);
}

constexpr Argument the_domain{"domain", Type::text, "Name or alias of the domain", true};
constexpr Argument only_domain[] = {the_domain};
constexpr Argument add_arguments[] = {
    {"domain", Type::text, "Name of the new domain", true},
    {"postmaster-password", Type::secret,
     "Password of the postmaster account; without one nobody can log in to it"},
    {"location", Type::list,
     "Storage locations of its messages, used in parallel [0, or as the configuration says]"}};
constexpr Argument delete_arguments[] = {
    the_domain, {"forced", Type::flag, "Also when it has accounts: all their mail goes"}};
constexpr Argument rename_arguments[] = {the_domain, {"name", Type::text, "New name", true}};
constexpr Argument set_arguments[] = {
    the_domain,
    {"location", Type::list, "Storage locations, used in parallel, of messages that come from now on"},
    {"services", Type::list,
     "Services that its accounts may use: smtpIncoming, pop3, imap, rpop; none for no service"},
    {"customer-reference", Type::text, "Text for your own use"},
    {"assigned-ip", Type::text,
     "Address of this machine that mail from the domain leaves from; '' for none of its own"},
    {"postmaster", Type::text, "Account that gets mail for the postmaster"}};
constexpr Argument alias_arguments[] = {the_domain,
                                        {"alias", Type::text, "Another name of the domain", true}};
constexpr Argument catch_all_arguments[] = {
    the_domain,
    {"account", Type::text, "Account that gets mail for unknown names"},
    {"folder", Type::text, "Public folder that gets it"},
    {"off", Type::flag, "Unknown names are refused"}};
constexpr Argument appender_arguments[] = {
    the_domain,
    {"text", Type::text, "The plain text [made from the HTML]"},
    {"text-file", Type::path, "File with it, UTF-8"},
    {"html", Type::text, "The HTML, which goes before </body> [made from the text]"},
    {"html-file", Type::path, "File with it, UTF-8"},
    {"on", Type::flag, "Append from now on"},
    {"off", Type::flag, "Append no more; the texts stay"},
    {"local", Type::flag, "Also below mail for accounts of this server"},
    {"remote-only", Type::flag, "Only below mail that leaves this server"}};
constexpr Argument value_arguments[] = {
    the_domain, {"name", Type::text, "Name of the setting", true}, {"value", Type::text, value_help, true}};
constexpr Argument name_arguments[] = {the_domain, {"name", Type::text, "Name of the setting", true}};

constexpr Operation operations[] = {
    {"domain list", "List the domains", {}, list},
    {"domain show", "Show one domain", only_domain, show},
    {"domain add", "Make a domain, with its postmaster account", add_arguments, add, true},
    {"domain delete", "Delete a domain and all mail of its postmaster", delete_arguments, remove, true},
    {"domain rename", "Give a domain another name; accounts, mail and ids stay", rename_arguments, rename,
     true},
    {"domain enable", "Take mail and log-ins for the domain again", only_domain, enable, true},
    {"domain disable", "Take no mail and no log-ins for the domain until it is enabled", only_domain, disable,
     true},
    {"domain set", "Change a domain", set_arguments, set, true},
    {"domain alias add", "Give a domain a further name", alias_arguments, alias_add, true},
    {"domain alias remove", "Take a further name away", alias_arguments, alias_remove, true},
    {"domain catch-all", "Say where mail for unknown names goes", catch_all_arguments, catch_all, true},
    {"domain appender show", "Show what is put below mail from the domain", only_domain,
     domain_appender_show},
    {"domain appender set",
     "Say what is put below mail that accounts of the domain send to other hosts: below text, below HTML, in "
     "multipart mail; signed and encrypted mail is left alone",
     appender_arguments, domain_appender_set, true},
    {"domain defaults show", "Show the settings that accounts of the domain inherit", only_domain,
     defaults_show},
    {"domain defaults set", "Set one for all accounts of the domain", value_arguments, defaults_set, true},
    {"domain defaults reset", "Let one be inherited from the server again", name_arguments, defaults_reset,
     true},
};

}  // namespace

Chapter domain_chapter() {
    return {"domain", "Domains", operations};
}

}  // namespace postrider::admin
