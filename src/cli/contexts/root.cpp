#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>

#include "cli/contexts/branches.h"
#include "cli/contexts/purge.h"
#include "cli/contexts/settings_frame.h"
#include "cli/wire/layout.h"
#include "cli/wire/storage_uri.h"
#include "cli/wire/wildcard.h"
#include "directory/permissions.h"

/// The outermost context: domains, passwords, and the ways into everything else.
namespace postrider::cli {
namespace {

Step<std::shared_ptr<const directory::Domain>> find_domain(Call& call) {
    if (call.given.has("location")) {
        const auto uri = parse_storage_uri(call.given.text("location"));
        if (!uri) return std::unexpected(uri.error());
        auto there = call.shell.directory().domain_at(domain_path(uri->path));
        if (!there)
            return std::unexpected(fmt::format("no domain has the domainLocation {}", clean(uri->path)));
        return there;
    }
    auto domain = call.shell.directory().domain(call.given.text("name"));
    if (!domain) return std::unexpected(fmt::format("there is no domain {}", clean(call.given.text("name"))));
    return domain;
}

Reply list_domains(Call& call, bool all) {
    std::vector<Row> rows;
    const auto domains = call.shell.directory().domains();
    for (const auto& domain : domains) {
        if (!all && !domain->enabled) continue;
        if (!matches_wildcard(call.given.text("wildcard"), domain->name)) continue;
        if (!call.shell.may_anything(domain->id)) continue;
        rows.push_back({domain->name, domain->enabled ? "enabled" : "disabled",
                        fmt::format("{}", fmt::join(domain->locations, ","))});
    }
    return ok(table(all ? "AllDomains" : "Domains", {"name", "state", "locations"}, rows));
}

Reply create_domain(Call& call) {
    auto name = call.given.maybe("domain");
    if (!name)
        return error(
            "usage: CREATE Domain name <domain> [domainLocation <path>] postmasterPassword <password>");
    std::string password = call.given.text(call.given.has("password") ? "password" : "passwd");
    if (password.empty()) return error("the postmaster needs a password: say postmasterPassword <password>");
    if (call.shell.directory().domain(*name))
        return error(fmt::format("there is a domain {} already", clean(*name)));
    call.shell.enter(make_domain_create_frame(call.shell, *name, std::move(password),
                                              call.given.text("template"), call.given.text("path")));
    return ok();
}

Reply create_subdomain(Call& call) {
    auto parent = call.shell.directory().domain(call.given.text("parent"));
    if (!parent) return error(fmt::format("there is no domain {}", clean(call.given.text("parent"))));
    if (auto may = call.shell.permitted(on_domain("manageSubdomains"), parent->id); !may)
        return error(may.error());
    if (call.given.text("password").empty()) return error("the password is empty");
    const std::string name = call.given.text("prefix") + "." + parent->name;
    if (call.shell.directory().domain(name))
        return error(fmt::format("there is a domain {} already", clean(name)));
    call.shell.enter(make_subdomain_frame(call.shell, call.given.text("prefix"), parent->name,
                                          call.given.text("password")));
    return ok();
}

Reply update_domain(Call& call) {
    auto domain = find_domain(call);
    if (!domain) return error(domain.error());
    if (!call.shell.may_anything((*domain)->id))
        return error(
            fmt::format("permission denied: there is nothing you may do in the domain {}", (*domain)->name));
    if (!(*domain)->enabled && call.subject == "update")
        return error(fmt::format("the domain {} is disabled: ENABLE Domain name {} first", (*domain)->name,
                                 (*domain)->name));
    call.shell.enter(make_domain_frame(call.shell, (*domain)->id));
    return ok();
}

Reply edit_domain(Call& call) {
    auto domain = find_domain(call);
    if (!domain) return error(domain.error());
    if (auto may = call.shell.permitted(on_domain("manageDomainStorage"), (*domain)->id); !may)
        return error(may.error());
    call.shell.enter(make_domain_edit_frame(call.shell, (*domain)->id));
    return ok();
}

Reply show_domain(Call& call) {
    auto domain = find_domain(call);
    if (!domain) return error(domain.error());
    if (!call.shell.may_anything((*domain)->id)) return error("permission denied");
    auto frame = make_domain_frame(call.shell, (*domain)->id);
    return show_of(*frame, call.given);
}

Reply switch_domain(Call& call) {
    auto domain = find_domain(call);
    if (!domain) return error(domain.error());
    bool enable = call.subject == "enable";
    auto may = enable ? call.shell.permitted(on_server("activateAnyDomain"))
                      : call.shell.permitted(on_domain("deactivateDomain"), (*domain)->id);
    if (!may) return error(may.error());
    if ((*domain)->enabled == enable)
        return error(
            fmt::format("the domain {} is {} already", (*domain)->name, enable ? "enabled" : "disabled"));
    directory::DomainChange change;
    change.enabled = enable;
    if (auto done = step(call.shell.directory().change_domain((*domain)->id, change)); !done)
        return error(done.error());
    return ok();
}

/// With all it holds; or, where a copy is to be kept, under another name and switched off.
Reply delete_domain(Call& call) {
    auto domain = find_domain(call);
    if (!domain) return error(domain.error());
    auto& directory = call.shell.directory();
    const directory::Domain& it = **domain;
    if (call.given.has("dontKeepCopy")) {
        admin::Json arguments{{"domain", it.name}, {"forced", true}};
        auto gone = admin::run(call.shell.admin(), "domain delete", arguments, [](std::string_view, int) {});
        if (!gone) return error(gone.error().what);
        return ok();
    }
    auto seconds =
        std::chrono::duration_cast<std::chrono::seconds>(call.shell.admin().clock.now().time_since_epoch());
    std::string copy = fmt::format("{}.deleted-{}", it.name, seconds.count());
    for (const std::string& alias : it.aliases)
        if (auto done = step(directory.remove_domain_alias(it.id, alias)); !done) return error(done.error());
    directory::DomainChange off;
    off.enabled = false;
    if (auto done = step(directory.change_domain(it.id, off)); !done) return error(done.error());
    if (auto done = step(directory.rename_domain(it.id, copy)); !done) return error(done.error());
    if (call.shell.quiet()) return ok();
    return ok(fmt::format(
        "A copy is kept as the disabled domain {}; DELETE Domain name {} dontKeepCopy removes it.\r\n", copy,
        copy));
}

Reply set_admin_password(Call& call) {
    const std::string& password = call.given.text("password");
    if (password.empty()) return error("the password is empty");
    if (auto done = step(call.shell.admin().authenticator.set_admin_password("admin", password)); !done)
        return error(done.error());
    return ok();
}

Reply change_password(Call& call) {
    auth::Context context;
    context.log = call.shell.log();
    context.session = call.shell.session();
    auto outcome = call.shell.admin().authenticator.authenticate_admin(context, call.shell.user(),
                                                                       call.given.text("old"));
    if (!outcome.ok()) return error("the old password is wrong, or cannot be checked now");
    if (call.given.text("new").empty()) return error("the password is empty");
    auto done =
        step(call.shell.admin().authenticator.set_admin_password(call.shell.user(), call.given.text("new")));
    if (!done) return error(done.error());
    return ok();
}

Reply set_multiline_end(Call& call) {
    const std::string& end = call.given.text("end");
    if (end.empty() || end.size() > Multiline::max_end)
        return error(fmt::format("the sequence has 1 to {} octets", Multiline::max_end));
    call.shell.set_multiline_end(end);
    return ok();
}

Reply enter_server(Call& call) {
    auto& shell = call.shell;
    bool any = std::ranges::any_of(directory::server_permissions(),
                                   [&](std::string_view one) { return shell.may(one); });
    if (!any) return error("permission denied: it needs a permission on the server");
    shell.enter(make_server_frame(shell));
    return ok();
}

Reply enter_queue(Call& call) {
    call.shell.enter(make_queue_frame(call.shell));
    return ok();
}

Reply enter_aacl(Call& call) {
    call.shell.enter(make_aacl_frame(call.shell));
    return ok();
}

/// Ids print as they are typed here.
std::string id_text(std::uint64_t id) {
    return fmt::format("0x{:X}", id);
}

struct Sought {
    std::string account, folder, domain;
    static Sought of(std::string_view text) {
        Sought sought;
        if (auto at = text.rfind('@'); at != text.npos) {
            sought.domain = text.substr(at + 1);
            text = text.substr(0, at);
        }
        if (auto plus = text.find('+'); plus != text.npos) {
            sought.folder = text.substr(plus + 1);
            text = text.substr(0, plus);
        }
        sought.account = text;
        return sought;
    }
};

/// 0x1F as a number.
std::optional<std::uint64_t> hex_id(std::string_view text) {
    if (!text.starts_with("0x") && !text.starts_with("0X")) return std::nullopt;
    std::uint64_t value = 0;
    auto [end, error] = std::from_chars(text.data() + 2, text.data() + text.size(), value, 16);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return value;
}

class Search {
public:
    Search(Call& call, Sought sought) : call_{call}, sought_{std::move(sought)} {}

    Step<std::vector<Row>> run() {
        const auto domains = call_.shell.directory().domains();
        for (const auto& domain : domains) {
            bool named = sought_.domain.empty() || call_.shell.directory().domain(sought_.domain) == domain
                         || hex_id(sought_.domain) == domain->id.value();
            if (!named || !call_.shell.may_anything(domain->id)) continue;
            if (sought_.account.empty() && sought_.folder.empty())
                rows_.push_back({"domain", domain->name, id_text(domain->id.value())});
            else if (sought_.account.empty())
                folder(domain->public_account, "public folder", "@" + domain->name);
            else
                object(*domain);
        }
        return std::move(rows_);
    }

private:
    void object(const directory::Domain& domain) {
        auto& directory = call_.shell.directory();
        if (auto id = hex_id(sought_.account)) {
            if (auto account = directory.account(AccountId{*id}); account && (*account)->domain == domain.id)
                found("account", (*account)->address, (*account)->id);
            else if (auto group = directory.group(AccountId{*id}); group && (*group)->domain == domain.id)
                found(std::string{directory::word((*group)->kind)}, (*group)->address, (*group)->id);
            else if (auto rcpt = directory.folder_recipient(AccountId{*id});
                     rcpt && (*rcpt)->domain == domain.id)
                found("folderRcpt", (*rcpt)->address, (*rcpt)->id);
            return;
        }
        if (auto object = directory.object(domain.id, sought_.account))
            found(std::string{directory::word(object->kind)}, object->name + "@" + domain.name, object->id);
    }
    void found(const std::string& kind, const std::string& name, AccountId id) {
        if (sought_.folder.empty())
            rows_.push_back({kind, name, id_text(id.value())});
        else
            folder(id, "folder", name);
    }
    void folder(AccountId owner, const std::string& kind, const std::string& of) {
        auto account = call_.shell.admin().store.account(owner);
        if (!account) return;
        auto folders = (*account)->folders();
        if (!folders) return;
        auto id = hex_id(sought_.folder);
        for (const auto& one : *folders)
            if (one.path == sought_.folder || (id && *id == one.id.value()))
                rows_.push_back({kind, fmt::format("{} of {}", one.path, of), id_text(one.id.value())});
    }

    Call& call_;
    Sought sought_;
    std::vector<Row> rows_;
};

Reply search_object(Call& call) {
    auto rows = Search{call, Sought::of(call.given.text("object"))}.run();
    if (!rows) return error(rows.error());
    if (rows->empty()) return error("nothing of that name or id was found");
    return ok(table("Objects", {"kind", "name", "id"}, *rows));
}

}  // namespace

std::vector<Context> root_branch() {
    Context root;
    root.path = "root";
    root.prompt = "";
    root.help = "The outermost context";
    root.commands = {
        {"LIST Domains [<wildcard>]", "Domains that are enabled",
         [](Call& c) { return list_domains(c, false); }},
        {"LIST AllDomains [<wildcard>]", "Domains, enabled or not",
         [](Call& c) { return list_domains(c, true); }},
        {"CREATE Domain [name <domain>] [domainLocation <path>] [wmFilterTemplatePath <template>] "
         "[postmasterPassword <password>] [postmasterPasswd <passwd>]",
         "Make a domain: goes to a context that is left with COMMIT", create_domain, super_user},
        {"CREATE Subdomain prefix <prefix> parentDomain <parent> postmasterPassword <password>",
         "Make a domain below another, with the limits of its administrators", create_subdomain},
        {"UPDATE Domain [name] <name>", "Go to a domain's context", update_domain, {}, "update"},
        {"EDIT Domain domainLocation <location>", "Go to the context of a domain's storage", edit_domain},
        {"EDIT Domain [name] <name>", "The same, by its name", edit_domain},
        {"SHOW Domain [name] <name> [ATTR <param>]", "A domain's attributes", show_domain},
        {"ENABLE|REGISTER Domain domainLocation <location>",
         "Take mail and log-ins of the domain there again",
         switch_domain,
         {},
         "enable"},
        {"ENABLE|REGISTER Domain [name] <name>",
         "Take its mail and log-ins again",
         switch_domain,
         {},
         "enable"},
        {"DISABLE|UNREGISTER Domain [name] <name>",
         "Take no mail and no log-ins for it",
         switch_domain,
         {},
         "disable"},
        {"DELETE Domain domainLocation <location> [dontKeepCopy]", "As below, by its location", delete_domain,
         super_user},
        {"DELETE Domain [name] <name> [dontKeepCopy]",
         "Delete a domain; a copy is kept as a disabled domain of another name", delete_domain, super_user},
        {"CONFIG SERVER", "Go to the server's settings", enter_server},
        {"ENTER QUEUE", "Go to the messages that wait", enter_queue, on_server("manageProcessing")},
        {"ENTER AACL", "Go to the administrators and their rights", enter_aacl, on_server("manageAdminACL")},
        {"SAVE CONFIG [<path>]",
         "Write the running configuration to its file; with a path, to a copy of that suffix", save_config,
         on_server("manageServerConfig")},
        {"SET admin-password <password>", "The password of admin", set_admin_password, super_user},
        {"CHANGE password oldPassword <old> newPassword <new>", "Your own password", change_password},
        {"SEARCH Object <object>", "Find by name or 0x id: account, account+folder, +folder, @domain",
         search_object},
        {"SET multilineEOF <end>", "The line that ends texts of several lines, in this session",
         set_multiline_end},
    };
    add_purge_of_all(root);
    std::vector<Context> all;
    all.push_back(std::move(root));
    return all;
}

std::unique_ptr<Frame> make_root(Shell& shell) {
    return std::make_unique<PlainFrame>(shell, shell.tree().at("root"), "the session");
}

}  // namespace postrider::cli
