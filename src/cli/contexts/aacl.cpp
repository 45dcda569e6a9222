#include <fmt/core.h>

#include <algorithm>

#include "cli/contexts/aacl_frame.h"
#include "cli/wire/layout.h"
#include "directory/names.h"

/// Administrators, their groups, and what they may do.
namespace postrider::cli {
namespace {

using namespace aacl;

class AaclFrame final : public Pending {
public:
    explicit AaclFrame(Shell& shell) : Pending{shell, shell.tree().at("AACL")} {}
    std::string title() const override { return "the administrators"; }
};

// ---- AACL

Reply list_users(Call& call) {
    auto admins = call.shell.directory().admins();
    if (!admins) return error(admins.error().what);
    std::vector<Row> rows;
    for (const directory::AdminEntry& one : *admins)
        rows.push_back({one.name, one.built_in || one.super_user ? "all rights" : "delegated",
                        one.enabled ? "enabled" : "disabled", one.description});
    return ok(table("admin-users", {"name", "rights", "state", "description"}, rows));
}

Reply list_groups(Call& call) {
    auto groups = call.shell.directory().admin_groups();
    if (!groups) return error(groups.error().what);
    std::vector<Row> rows;
    for (const directory::AdminGroup& one : *groups) rows.push_back({one.name, one.description});
    return ok(table("admin-groups", {"name", "description"}, rows));
}

Reply list_domain_principals(Call& call) {
    auto domain = call.shell.directory().domain(call.given.text("name"));
    if (!domain) return error(fmt::format("there is no domain {}", clean(call.given.text("name"))));
    return list_principals(call, domain->id, "domain-principals");
}

Reply list_resources(Call& call) {
    std::set<std::string> names;
    auto done = each_principal(call.shell, [&](Principal, const std::string&, const AdminRights& rights) {
        for (const AdminRight& one : rights.rights) names.insert(domain_name(call.shell, one.domain));
    });
    if (!done) return error(done.error());
    return ok(simple_list("resources", {names.begin(), names.end()}));
}

Reply purge_resources(Call& call) {
    auto purged = call.shell.directory().purge_admin_rights();
    if (!purged) return error(purged.error().what);
    return ok(call.shell.quiet()
                  ? ""
                  : fmt::format("{} rights on domains that are gone were removed\r\n", *purged));
}

Principal kind_of(Call& call) {
    return call.subject == "user" ? Principal::user : Principal::group;
}

bool exists(Call& call, Principal kind, const std::string& name) {
    auto& directory = call.shell.directory();
    if (kind == Principal::user ? directory.admin(name).has_value() : directory.admin_group(name).has_value())
        return true;
    return static_cast<Pending&>(call.frame).creates(kind, name);
}

Reply add_principal(Call& call) {
    Principal kind = kind_of(call);
    const std::string& name = call.given.text("name");
    if (exists(call, kind, name))
        return error(fmt::format("there is an {} {} already", word(kind), clean(name)));
    if (auto fault = directory::label_fault(name)) return error(fmt::format("{}: {}", clean(name), *fault));
    if (kind == Principal::user && call.given.text("password").empty()) return error("the password is empty");
    call.shell.enter(std::make_unique<PrincipalFrame>(call.shell, static_cast<Pending&>(call.frame), kind,
                                                      name, true, call.given.text("password")));
    return ok();
}

Reply update_principal(Call& call) {
    Principal kind = kind_of(call);
    const std::string& name = call.given.text("name");
    if (!exists(call, kind, name)) return error(fmt::format("there is no {} {}", word(kind), clean(name)));
    if (auto may = may_change(call, kind, name); !may) return error(may.error());
    call.shell.enter(std::make_unique<PrincipalFrame>(call.shell, static_cast<Pending&>(call.frame), kind,
                                                      name, false, ""));
    return ok();
}

Reply show_principal(Call& call) {
    Principal kind = kind_of(call);
    const std::string& name = call.given.text("name");
    if (!exists(call, kind, name)) return error(fmt::format("there is no {} {}", word(kind), clean(name)));
    PrincipalFrame frame{call.shell, static_cast<Pending&>(call.frame), kind, name, false, ""};
    return show_of(frame, call.given);
}

Reply remove_principal(Call& call) {
    Principal kind = kind_of(call);
    const std::string& name = call.given.text("name");
    if (auto may = may_change(call, kind, name); !may) return error(may.error());
    auto& directory = call.shell.directory();
    auto how =
        call.given.has("forced") ? Directory::Delete::forced : Directory::Delete::refuse_when_not_empty;
    auto gone = kind == Principal::user ? step(directory.delete_admin(name))
                                        : step(directory.delete_admin_group(name, how));
    if (!gone) return error(gone.error());
    return ok();
}

}  // namespace

std::vector<Context> aacl_branch() {
    Context aacl;
    aacl.path = "AACL";
    aacl.prompt = "aacl";
    aacl.exit = Exit::done;
    aacl.help = "Administrators, their groups and their rights";
    aacl.need = on_server("manageAdminACL");
    aacl.commands = {
        {"LIST admin-users", "The administrators", list_users},
        {"LIST admin-groups", "Their groups", list_groups},
        {"LIST server-principals", "Who has rights on the server",
         [](Call& c) { return list_principals(c, {}, "server-principals"); }},
        {"LIST domain-principals [domain] <name>", "Who has rights on a domain", list_domain_principals},
        {"LIST resources", "On what rights are given", list_resources},
        {"PURGE resources", "Forget rights on domains that are gone", purge_resources},
        {"ADD admin-user [name] <name> password <password>",
         "Make one: goes to its context",
         add_principal,
         {},
         "user"},
        {"UPDATE admin-user [name] <name>", "Go to its context", update_principal, {}, "user"},
        {"REMOVE admin-user [name] <name>", "Delete one", remove_principal, {}, "user"},
        {"SHOW admin-user [name] <name> [ATTR <param>]", "Its attributes", show_principal, {}, "user"},
        {"ADD admin-group [name] <name>", "Make one: goes to its context", add_principal, {}, "group"},
        {"UPDATE admin-group [name] <name>", "Go to its context", update_principal, {}, "group"},
        {"REMOVE admin-group [name] <name> [forced]",
         "Delete one; forced: also when it has members",
         remove_principal,
         {},
         "group"},
        {"SHOW admin-group [name] <name> [ATTR <param>]", "Its attributes", show_principal, {}, "group"},
    };
    std::vector<Context> all;
    all.push_back(std::move(aacl));
    all.push_back(user_context());
    all.push_back(group_context());
    all.push_back(permissions_context("SERVER/PERMISSIONS", "server-permissions"));
    all.push_back(permissions_context("domain/PERMISSIONS", "domain-permissions"));
    return all;
}

std::unique_ptr<Frame> make_aacl_frame(Shell& shell) {
    return std::make_unique<AaclFrame>(shell);
}

}  // namespace postrider::cli
