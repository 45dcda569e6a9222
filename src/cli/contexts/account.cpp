#include <fmt/core.h>

#include <set>

#include "admin/index_status.h"
#include "cli/contexts/account_frame.h"
#include "cli/contexts/index_information.h"
#include "cli/contexts/purge.h"
#include "cli/wire/layout.h"

/// An account: its attributes and names, and the ways to its quotas, limits, restrictions and contact
/// information.
namespace postrider::cli {
namespace {

constexpr settings::Choice types[] = {{"basic", AccountType::basic}, settings::Choice{"premium"}};

using F = AccountForm;
constexpr settings::Setting<F> rows[] = {
    {.name = "name",
     .field = settings::field<&F::name>,
     .range = {1, 64},
     .help = "Its local part; mail and id stay when it changes."},
    {.name = "password",
     .field = settings::field<&F::password>,
     .range = {1, 1024},
     .help = "Its password.",
     .secret = true},
    {.name = "respectEnforcement",
     .field = settings::field<&F::respect_enforcement>,
     .help = "Hold the password of this SET against the account's rules for passwords.",
     .secret = true},
    {.name = "mustChangePass",
     .field = settings::field<&F::must_change>,
     .help = "Its owner must change the password before anything else."},
    {.name = "enable", .field = settings::field<&F::enable>, .help = "Whether it takes mail and log-ins."},
    {.name = "accountType",
     .field = settings::choice<&F::type, types>,
     .help = "Every account is a basic one."},
    {.name = "accountClassName",
     .field = settings::field<&F::class_name>,
     .range = {0, 64},
     .help = "What it inherits from; INHERIT SETTINGS FROM changes it."},
    {.name = "customerReference",
     .field = settings::field<&F::customer_reference>,
     .range = {0, 1024},
     .help = "Text for your own use."},
    {.name = "publishContactInfo",
     .field = settings::field<&F::publish_contact>,
     .help = "Others see its contact information."},
    {.name = "filteringOption",
     .field = settings::choice<&F::filtering_option, settings::filtering_options>,
     .help = "What becomes of mail that filters take for unwanted."},
};
settings::TableOf<F> account_form_table() {
    return {rows, "account", "An account."};
}

AccountFrame& frame_of(Call& call) {
    return static_cast<AccountFrame&>(call.frame);
}

Step<std::shared_ptr<mailstore::Account>> mail_of(AccountFrame& frame) {
    if (frame.is_new()) return std::unexpected("the account is made by COMMIT; until then it has no folders");
    return step(mailstore::open_or_create(frame.shell().admin().store, frame.id()));
}

Reply configure_values(Call& call) {
    AccountFrame& frame = frame_of(call);
    ValuesLevel level;
    level.now = [&frame] { return frame.now(); };
    level.inherited = [&frame] { return frame.inherited(); };
    level.pending = &frame.values_pending;
    level.title = frame.title();
    if (!frame.is_new()) level.account = frame.address();
    Shell& shell = call.shell;
    if (call.subject == "Quotas") {
        FolderQuotasLevel folders;
        folders.owner = [&frame] { return mail_of(frame); };
        folders.pending = &frame.folder_quotas_pending;
        shell.enter(make_account_quotas_frame(shell, std::move(level), std::move(folders)));
        return ok();
    }
    shell.enter(
        make_values_frame(shell, shell.tree().at("domain/account/" + call.subject), std::move(level)));
    return ok();
}

Reply configure_filters(Call& call) {
    AccountFrame& frame = frame_of(call);
    return enter_filters(call.shell, "domain/account/Filters", "the filters of " + frame.title(),
                         {filter::DefinitionOwner::Kind::account, frame.id().value(), frame.in()},
                         &frame.filters_pending);
}

/// What older clients say for UPDATE WMFilter of the account's filters.
Reply upload_rules(Call& call) {
    AccountFrame& frame = frame_of(call);
    const FilterPlace place{filter::DefinitionOwner::Kind::account, frame.id().value(), frame.in()};
    call.shell.read_text([&shell = call.shell, &frame, place](std::string text) {
        const std::string name{filter::webmail_script};
        const auto owner = place.scripts(name).value_or(filter::ScriptOwner::of_server());
        if (auto good = check_script(shell, owner, text); !good) return error(good.error());
        frame.filters_pending.scripts[name] = std::move(text);
        return ok();
    });
    return {true, {}, "send the script, and a line with the end sequence"};
}

Reply inherit_from(Call& call) {
    AccountFrame& frame = frame_of(call);
    auto name = call.given.maybe("class");
    if (name) {
        auto found = call.shell.directory().account_class(frame.in(), *name);
        if (!found) return error(found.error().what);
        frame.form().class_name = found->name;
    } else {
        frame.form().class_name.clear();
    }
    return ok();
}

std::string_view kind_word(mailstore::FolderKind kind) {
    using mailstore::FolderKind;
    switch (kind) {
        case FolderKind::mail: return "mail";
        case FolderKind::calendar: return "events";
        case FolderKind::contacts: return "contacts";
        case FolderKind::tasks: return "tasks";
        case FolderKind::notes: return "notes";
        case FolderKind::journal: return "journal";
        case FolderKind::search: return "search";
    }
    return "";
}

Reply list_folders(Call& call) {
    auto mail = mail_of(frame_of(call));
    if (!mail) return error(mail.error());
    auto folders = step((*mail)->folders());
    if (!folders) return error(folders.error());
    std::vector<Row> out;
    for (const mailstore::FolderInfo& one : *folders)
        out.push_back({one.path, std::string{kind_word(one.kind)}, std::to_string(one.messages),
                       std::to_string((one.bytes + 1023) / 1024), fmt::format("0x{:X}", one.id.value())});
    return ok(table("Folders", {"name", "type", "messages", "size (KB)", "id"}, out));
}

Reply show_registry(Call& call) {
    AccountFrame& frame = frame_of(call);
    if (frame.is_new())
        return error("the account is made by COMMIT; until then the server keeps nothing on it");
    auto account = call.shell.directory().account(frame.id());
    if (!account) return error(account.error().what);
    NamedValues values{{"Internal ID", fmt::format("0x{:X}", frame.id().value())},
                       {"Creation Date", date_text((*account)->created)},
                       {"Internal Mbox Container ID", fmt::format("0x{:X}", frame.id().value())},
                       {"Configuration Status", (*account)->enabled ? "enabled" : "disabled"}};
    if ((*account)->password_version != 0)
        values.emplace_back("Password Change Date", date_text((*account)->password_changed));
    if (auto mail = mail_of(frame)) {
        mailstore::Quota quota = (*mail)->quota();
        values.emplace_back("Mbox Storage Status", "enabled");
        values.emplace_back("Mbox size", std::to_string((quota.used_bytes + 1023) / 1024));
        values.emplace_back("Mbox message count", std::to_string(quota.used_messages));
        values.emplace_back("Mbox folder count", std::to_string(quota.used_folders));
    }
    return ok(attributes("the account's registry", values));
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

}  // namespace

/// Groups that name an address, and unless told otherwise the groups that name those.
Reply list_membership(Shell& shell, const std::string& address, DomainId domain, const Matched& given) {
    constexpr std::size_t most = 10'000;
    std::vector<std::string> out;
    std::set<std::string> seen{address};
    std::vector<std::string> next{address};
    while (!next.empty() && !given.has("noGroups") && out.size() < most) {
        std::string one = std::move(next.back());
        next.pop_back();
        auto spec = mime::parse_addr_spec(one);
        if (!spec) continue;
        auto groups = step(shell.directory().membership(*spec));
        if (!groups) return error(groups.error());
        for (const directory::ListedObject& object : *groups) {
            auto group = shell.directory().group(object.id);
            if (!group || !seen.insert((*group)->address).second) continue;
            if (!given.has("directReference")) next.push_back((*group)->address);
            if (given.has("sameDomain") && (*group)->domain != domain) continue;
            out.push_back((*group)->address);
        }
    }
    return ok(simple_list("Membership", out));
}

namespace {

Reply list_delegates(Call& call) {
    AccountFrame& frame = frame_of(call);
    rights::Sharing* sharing = call.shell.admin().sharing;
    std::vector<Row> out;
    if (!frame.is_new() && sharing) {
        auto account = step(call.shell.directory().account(frame.id()));
        if (!account) return error(account.error());
        auto known = delegates_of(*sharing, **account);
        if (!known) return error(known.error());
        for (DelegateRow& one : *known)
            out.push_back({std::move(one.delegate), std::move(one.resource), std::move(one.permissions)});
    }
    return ok(table("Delegates", {"name", "resource", "permissions"}, out));
}

/// What is said of delegates waits for COMMIT.
Reply edit_delegate(Call& call) {
    AccountFrame& frame = frame_of(call);
    rights::Sharing* sharing = call.shell.admin().sharing;
    if (!sharing) return error("nothing is shared on this server");
    std::vector<std::string> about{"calendar", "tasks", "freebusy"};
    if (auto one = call.given.maybe("resource")) about = {*one};
    for (std::string& resource : about) {
        DelegateEdit edit{call.given.text("name"), std::move(resource),
                          call.given.maybe("permissions").value_or("")};
        if (call.subject == "add" && edit.permissions.empty()) return error("permissions are r, w or rw");
        if (auto sound = check_delegate(*sharing, frame.in(), edit); !sound) return error(sound.error());
        if (frame.delegates_pending.size() >= 1'000) return error("COMMIT what there is before more");
        frame.delegates_pending.push_back(std::move(edit));
    }
    return ok();
}

Reply show_index(Call& call) {
    if (frame_of(call).is_new()) return error("COMMIT makes the account; it has no index before");
    return index_information(call.shell, frame_of(call).id());
}

Reply purge_folders(Call& call) {
    AccountFrame& frame = frame_of(call);
    if (frame.is_new()) return error("COMMIT makes the account; it has no folders before");
    return purge_account(call, frame.in(), frame.id());
}

}  // namespace

Reply index_information(Shell& shell, AccountId owner) {
    auto status = admin::index_status(shell.admin(), owner);
    if (!status) return error(status.error().what);
    return ok(attributes("the search index", NamedValues{{"Messages", (*status)["messages"].dump()},
                                                         {"Indexed", (*status)["indexed"].dump()},
                                                         {"Files", (*status)["files"].dump()},
                                                         {"Bytes", (*status)["disk_bytes"].dump()}}));
}

std::vector<Context> account_branch() {
    Context account;
    account.path = "domain/account";
    account.prompt = "domain-account";
    account.exit = Exit::commit;
    account.help = "An account of a domain";
    account.attributes = account_form_table();
    account.read_only = {"accountClassName"};
    account.need = on_domain("manageAccounts");
    account.needs = {{"name", on_domain("manageAccountsNaming")},
                     {"password", on_domain("changeAccountsPassword")},
                     {"mustChangePass", on_domain("changeAccountsPassword")}};
    account.commands = {
        {"LIST Aliases", "Its further names", list_aliases},
        {"ADD Alias <alias>", "Give it a further name", add_alias, on_domain("manageAccountsNaming")},
        {"REMOVE Alias <alias>", "Take one away", remove_alias, on_domain("manageAccountsNaming")},
        {"LIST MEMBERSHIP [noGroups] [noLists] [sameDomain] [directReference]", "Groups that it is in",
         [](Call& c) {
             AccountFrame& frame = frame_of(c);
             return list_membership(c.shell, frame.address(), frame.in(), c.given);
         }},
        {"LIST Folders", "Its folders", list_folders},
        {"LIST Delegates", "Who may read or change its calendar or tasks", list_delegates},
        {"ADD Delegate <name> resource <resource> permissions <permissions>",
         "Let somebody read (r), change (w) or both its calendar, tasks or freebusy", edit_delegate,
         on_domain("manageSharing"), "add"},
        {"REMOVE Delegate <name> [resource <resource>]", "Let him no longer", edit_delegate,
         on_domain("manageSharing"), "remove"},
        {std::string{purge_account_syntax}, std::string{purge_help}, purge_folders,
         on_domain("manageAccounts")},
        {"SHOW RegistryInformation", "What the server keeps on it", show_registry},
        {std::string{index_information_syntax}, "How much of its mail is indexed", show_index},
        {"CONFIG Quotas", "Go to its quotas", configure_values, on_domain("manageFoldersQuotas"), "Quotas"},
        {"CONFIG Limits", "Go to its limits", configure_values, on_domain("manageAccountServices"), "Limits"},
        {"CONFIG SendRecvRestrictions", "Go to its restrictions of sending and receiving", configure_values,
         on_domain("manageSendReceiveRestrictions"), "SendRecvRestrictions"},
        {"CONFIG Filters", "Go to its filters", configure_filters, on_domain("manageAccounts")},
        {"UPLOAD WMFilter", "UPDATE WMFilter of its filters, as clients of old call it", upload_rules,
         on_domain("manageAccounts")},
        {"INHERIT SETTINGS FROM domainDefaults", "What is not explicit comes from the domain", inherit_from,
         on_domain("changeAccountsClass")},
        {"INHERIT SETTINGS FROM accountClass <class>", "What is not explicit comes from the class",
         inherit_from, on_domain("changeAccountsClass")},
    };
    add_search_restart_command(account);
    for (Command& command : contact_commands()) account.commands.push_back(std::move(command));
    std::vector<Context> all = contact_branch();
    all.push_back(std::move(account));
    return all;
}

std::unique_ptr<Frame> make_account_frame(Shell& shell, DomainId domain, AccountId id, std::string name,
                                          std::string password) {
    return std::make_unique<AccountFrame>(shell, domain, id, std::move(name), std::move(password));
}

}  // namespace postrider::cli
