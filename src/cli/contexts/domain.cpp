#include <fmt/ranges.h>

#include <algorithm>

#include "admin/values.h"
#include "cli/contexts/admin_limits.h"
#include "cli/contexts/branches.h"
#include "cli/contexts/domain_frame.h"
#include "cli/contexts/filters.h"
#include "cli/contexts/purge.h"
#include "cli/wire/layout.h"
#include "cli/wire/wildcard.h"
#include "text/ascii.h"
#include "text/utf8.h"

/// A domain: its attributes and names, and the ways to what is in it.
namespace postrider::cli {
namespace {

using directory::Domain;
using directory::ObjectKind;

DomainFrame& frame_of(Call& call) {
    return static_cast<DomainFrame&>(call.frame);
}

std::string name_of(Call& call) {
    return call.given.text("name");
}

Reply list_objects(Call& call, ObjectKind kind, std::string_view title) {
    auto& shell = call.shell;
    auto all = list_matching(shell, frame_of(call).domain(), kind, call.given.text("wildcard"));
    if (!all) return error(all.error());
    std::vector<Row> out;
    for (const directory::ListedObject& one : *all) out.push_back({one.name});
    return ok(table(title, {"name"}, out));
}

/// The object of that kind and name, or why not.
Step<AccountId> find(Call& call, ObjectKind kind, std::string_view what) {
    auto object = call.shell.directory().object(frame_of(call).domain(), name_of(call));
    if (!object || object->kind != kind)
        return std::unexpected(fmt::format("there is no {} {}", what, clean(name_of(call))));
    return object->id;
}

Reply add_account(Call& call) {
    if (name_of(call).empty()) return error("the name is empty");
    if (call.shell.directory().object(frame_of(call).domain(), name_of(call)))
        return error(fmt::format("the name {} is taken", clean(name_of(call))));
    if (call.given.has("password") && call.given.text("password").empty())
        return error("the password is empty");
    call.shell.enter(make_account_frame(call.shell, frame_of(call).domain(), {}, name_of(call),
                                        call.given.text("password")));
    return ok();
}

Reply update_account(Call& call) {
    auto id = find(call, ObjectKind::account, "account");
    if (!id) return error(id.error());
    call.shell.enter(make_account_frame(call.shell, frame_of(call).domain(), *id, {}, {}));
    return ok();
}

Reply show_account(Call& call) {
    auto id = find(call, ObjectKind::account, "account");
    if (!id) return error(id.error());
    auto frame = make_account_frame(call.shell, frame_of(call).domain(), *id, {}, {});
    return show_of(*frame, call.given);
}

Reply remove_account(Call& call) {
    auto id = find(call, ObjectKind::account, "account");
    if (!id) return error(id.error());
    if (auto gone = step(call.shell.directory().delete_account(*id)); !gone) return error(gone.error());
    return ok();
}

struct KindWords {
    ObjectKind kind;
    std::string_view word, title, create, remove, change;
};
constexpr KindWords kinds[] = {
    {ObjectKind::group, "Group", "Groups", "createGroups", "removeGroups", "manageGroups"},
    {ObjectKind::forwarder, "Forwarder", "Forwarders", "createGroups", "removeGroups", "manageGroups"},
    {ObjectKind::folder_recipient, "FolderRcpt", "FolderRcpts", "manageFolderRecipients",
     "manageFolderRecipients", "manageFolderRecipients"},
};

const KindWords& kind_of(const std::string& word) {
    return *std::ranges::find(kinds, word, &KindWords::word);
}

Reply add_object(Call& call) {
    const KindWords& kind = kind_of(call.subject);
    if (name_of(call).empty()) return error("the name is empty");
    if (call.shell.directory().object(frame_of(call).domain(), name_of(call)))
        return error(fmt::format("the name {} is taken", clean(name_of(call))));
    call.shell.enter(make_object_frame(call.shell, frame_of(call).domain(), kind.kind, {}, name_of(call)));
    return ok();
}

Reply update_object(Call& call) {
    auto id = find(call, kind_of(call.subject).kind, call.subject);
    if (!id) return error(id.error());
    call.shell.enter(
        make_object_frame(call.shell, frame_of(call).domain(), kind_of(call.subject).kind, *id, {}));
    return ok();
}

Reply show_object(Call& call) {
    auto id = find(call, kind_of(call.subject).kind, call.subject);
    if (!id) return error(id.error());
    auto frame = make_object_frame(call.shell, frame_of(call).domain(), kind_of(call.subject).kind, *id, {});
    return show_of(*frame, call.given);
}

Reply remove_object(Call& call) {
    auto id = find(call, kind_of(call.subject).kind, call.subject);
    if (!id) return error(id.error());
    if (auto gone = step(call.shell.directory().delete_object(*id)); !gone) return error(gone.error());
    return ok();
}

Reply list_all_objects(Call& call) {
    std::vector<Row> out;
    for (ObjectKind kind :
         {ObjectKind::account, ObjectKind::group, ObjectKind::forwarder, ObjectKind::folder_recipient}) {
        auto some = list_matching(call.shell, frame_of(call).domain(), kind, call.given.text("wildcard"));
        if (!some) return error(some.error());
        for (const directory::ListedObject& one : *some)
            out.push_back(
                {one.name, std::string{directory::word(kind)}, fmt::format("0x{:X}", one.id.value())});
    }
    return ok(table("DomainObjectsInfo", {"name", "kind", "id"}, out));
}

Reply list_aliases(Call& call) {
    return ok(simple_list("Aliases", frame_of(call).aliases()));
}
Reply add_alias(Call& call) {
    if (auto done = frame_of(call).add_alias(call.given.text("alias")); !done) return error(done.error());
    return ok();
}
Reply remove_alias(Call& call) {
    if (auto done = frame_of(call).remove_alias(call.given.text("alias")); !done) return error(done.error());
    return ok();
}

// ---- account classes

Step<directory::AccountClass> find_class(Call& call) {
    auto found = call.shell.directory().account_class(frame_of(call).domain(), name_of(call));
    if (!found) return std::unexpected(found.error().what);
    return std::move(*found);
}

Reply list_classes(Call& call) {
    auto classes = call.shell.directory().classes(frame_of(call).domain());
    if (!classes) return error(classes.error().what);
    std::vector<Row> out;
    for (const directory::AccountClass& one : *classes)
        if (matches_wildcard(call.given.text("wildcard"), one.name)) out.push_back({one.name});
    return ok(table("AccountClasses", {"name"}, out));
}

Reply add_class(Call& call) {
    if (find_class(call))
        return error(fmt::format("there is an account class {} already", clean(name_of(call))));
    call.shell.enter(make_class_frame(call.shell, frame_of(call).domain(), {}, name_of(call)));
    return ok();
}

Reply update_class(Call& call) {
    auto found = find_class(call);
    if (!found) return error(found.error());
    call.shell.enter(make_class_frame(call.shell, frame_of(call).domain(), found->id, found->name));
    return ok();
}

Reply remove_class(Call& call) {
    auto found = find_class(call);
    if (!found) return error(found.error());
    if (auto gone = step(call.shell.directory().delete_class(found->id)); !gone) return error(gone.error());
    return ok();
}

// ---- what its accounts inherit, public folders, registry

Reply configure_defaults(Call& call) {
    DomainFrame& frame = frame_of(call);
    Shell& shell = call.shell;
    DomainId id = frame.domain();
    ValuesLevel level;
    level.now = [&shell, id] {
        auto values = shell.directory().effective(id);
        return values ? **values : settings::AccountSettings{};
    };
    level.inherited = [&shell] {
        return admin::server_values(shell.admin()).value_or(settings::AccountSettings{});
    };
    level.pending = &frame.defaults;
    level.title = "what accounts of the domain inherit";
    shell.enter(make_values_frame(shell, shell.tree().at("domain/" + call.subject), std::move(level)));
    return ok();
}

Reply configure_public_folder(Call& call) {
    call.shell.enter(make_public_folder_frame(call.shell, frame_of(call).domain()));
    return ok();
}

Reply show_registry(Call& call) {
    auto domain = call.shell.directory().domain(frame_of(call).domain());
    if (!domain) return error("the domain is gone");
    NamedValues values{{"Internal ID", fmt::format("0x{:X}", domain->id.value())},
                       {"Creation Date", date_text(domain->created)},
                       {"Configuration Status", domain->enabled ? "enabled" : "disabled"},
                       {"Public Folders Container ID", fmt::format("0x{:X}", domain->public_account.value())},
                       {"Message Storage Locations", fmt::format("{}", fmt::join(domain->locations, ","))}};
    return ok(attributes("the domain's registry", values));
}

// ---- the texts below mail that its people send

std::string& appender_text(Call& call) {
    directory::Appender& appender = frame_of(call).appender;
    return call.subject == "html" ? appender.html : appender.text;
}

Reply set_appender(Call& call) {
    constexpr std::size_t longest = 64 << 10;
    std::string& into = appender_text(call);
    call.shell.read_text([&into](std::string text) {
        if (text.size() > longest) return error("the text has at most 65536 octets");
        if (!text::valid_utf8(text)) return error("the text is not UTF-8");
        into = std::move(text);
        return ok();
    });
    return {true, {}, "send the text, and a line with the end sequence"};
}

Reply show_appender(Call& call) {
    return ok(lines_of(appender_text(call)));
}

Reply show_postmaster(Call& call) {
    return ok(one_attribute("postmasterAccount",
                            quoted_text(static_cast<DomainForm*>(frame_of(call).values())->postmaster)));
}

Reply configure_filters(Call& call) {
    const bool defaults = call.subject == "accountDefaultFilters";
    const DomainId id = frame_of(call).domain();
    using FilterKind = filter::DefinitionOwner::Kind;
    const FilterPlace place{defaults ? FilterKind::account_defaults : FilterKind::domain, id.value(), id};
    return enter_filters(call.shell, "domain/" + call.subject,
                         defaults ? "the filters of its accounts" : "the domain's filters", place,
                         defaults ? &frame_of(call).default_filters : nullptr);
}

void add_objects(std::vector<Command>& commands) {
    for (const KindWords& kind : kinds) {
        std::string word{kind.word};
        commands.push_back({fmt::format("LIST {} [<wildcard>]", kind.title), "Their names",
                            [&kind](Call& c) { return list_objects(c, kind.kind, kind.title); },
                            on_domain(kind.change)});
        commands.push_back({fmt::format("ADD {} [name] <name>", word), "Make one: goes to its context",
                            add_object, on_domain(kind.create), word});
        commands.push_back({fmt::format("UPDATE {} [name] <name>", word), "Go to its context", update_object,
                            on_domain(kind.change), word});
        commands.push_back({fmt::format("REMOVE {} [name] <name>", word), "Delete it", remove_object,
                            on_domain(kind.remove), word});
        commands.push_back({fmt::format("SHOW {} [name] <name> [ATTR <param>]", word), "Its attributes",
                            show_object, on_domain(kind.change), word});
    }
}

}  // namespace

std::vector<Context> domain_branch() {
    Context domain;
    domain.path = "domain";
    domain.prompt = "domain";
    domain.exit = Exit::commit;
    domain.help = "A domain";
    domain.attributes = domain_table();
    domain.need = on_domain("manageDomainConfig");
    domain.needs = {{"services", on_domain("manageDomainServices")},
                    {"catchAllType", on_domain("manageCatchAll")},
                    {"catchAllAccountName", on_domain("manageCatchAll")},
                    {"catchAllFolderName", on_domain("manageCatchAll")}};
    auto& commands = domain.commands;
    commands = {
        {"LIST Aliases", "Its further names", list_aliases},
        {"ADD Alias <alias>", "Give it a further name", add_alias, on_domain("manageDomainAliases")},
        {"REMOVE Alias <alias>", "Take one away", remove_alias, on_domain("manageDomainAliases")},
        {"LIST Accounts [<wildcard>]", "Their names",
         [](Call& c) { return list_objects(c, ObjectKind::account, "Accounts"); },
         on_domain("manageAccounts")},
        {"ADD Account [name] <name> [password <password>]", "Make one: goes to its context", add_account,
         on_domain("createAccounts")},
        {"UPDATE Account [name] <name>", "Go to its context", update_account, on_domain("manageAccounts")},
        {"REMOVE Account [name] <name>", "Delete it and its mail", remove_account,
         on_domain("removeAccounts")},
        {"SHOW Account [name] <name> [ATTR <param>]", "Its attributes", show_account,
         on_domain("manageAccounts")},
    };
    add_objects(commands);
    const std::vector<Command> rest = {
        {"LIST AccountClasses [<wildcard>]", "Their names", list_classes, on_domain("manageAccountClasses")},
        {"ADD accountClass [name] <name>", "Make one: goes to its context", add_class,
         on_domain("createAccountClasses")},
        {"UPDATE accountClass [name] <name>", "Go to its context", update_class,
         on_domain("manageAccountClasses")},
        {"REMOVE accountClass [name] <name>", "Delete it, if no account has it", remove_class,
         on_domain("removeAccountClasses")},
        {"LIST DomainObjectsInfo [<wildcard>]", "Everything that has a name", list_all_objects,
         on_domain("manageAccounts")},
        {"CONFIG accountDefaultQuotas", "Quotas that accounts inherit", configure_defaults,
         on_domain("manageFoldersQuotas"), "accountDefaultQuotas"},
        {"CONFIG accountDefaultLimits", "Limits that accounts inherit", configure_defaults,
         on_domain("manageAccountServices"), "accountDefaultLimits"},
        {"CONFIG accountDefaultSendRecvRestrictions", "Restrictions that accounts inherit",
         configure_defaults, on_domain("manageSendReceiveRestrictions"),
         "accountDefaultSendRecvRestrictions"},
        {"CONFIG PUBLIC-FOLDER", "Its public folders", configure_public_folder,
         on_domain("managePublicFolder")},
        {"CONFIG FILTERS", "Go to its filters", configure_filters, on_domain("manageDomainFilters"),
         "FILTERS"},
        {"CONFIG accountDefaultFilters", "Filters of its accounts that have none of their own",
         configure_filters, on_domain("manageDomainFilters"), "accountDefaultFilters"},
        {"SHOW RegistryInformation", "What the server keeps on it", show_registry},
        {"ESET appenderHtml", "The HTML below mail that its people send", set_appender,
         on_domain("manageDomainConfig"), "html"},
        {"ESET appenderText", "The same as plain text; made from the HTML where there is none", set_appender,
         on_domain("manageDomainConfig"), "text"},
        {"SHOW appenderHtml", "", show_appender, {}, "html"},
        {"SHOW appenderText", "", show_appender, {}, "text"},
        {"SHOW postmasterAccount", "Who gets mail for the postmaster", show_postmaster},
    };
    commands.insert(commands.end(), rest.begin(), rest.end());
    add_domain_storage_commands(domain);
    add_purge_of_domain(domain);
    add_search_folders_command(domain);
    add_permission_command(domain);
    add_limits_command(domain);
    std::vector<Context> all;
    all.push_back(std::move(domain));
    return all;
}

}  // namespace postrider::cli
