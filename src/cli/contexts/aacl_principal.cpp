#include <fmt/core.h>

#include <algorithm>

#include "cli/contexts/aacl_frame.h"
#include "cli/wire/layout.h"
#include "directory/names.h"
#include "directory/permissions.h"
#include "text/ascii.h"

/// One administrator, or one group of them.
namespace postrider::cli::aacl {
namespace {

using F = PrincipalForm;
constexpr settings::Setting<F> user_rows[] = {
    {.name = "name", .field = settings::field<&F::name>, .range = {1, 64}, .help = "Log-in name."},
    {.name = "description",
     .field = settings::field<&F::description>,
     .range = {0, 1024},
     .help = "Who that is."},
    {.name = "password",
     .field = settings::field<&F::password>,
     .range = {1, 128},
     .help = "The password.",
     .secret = true},
};
constexpr settings::Setting<F> group_rows[] = {
    {.name = "name", .field = settings::field<&F::name>, .range = {1, 64}, .help = "Its name."},
    {.name = "description",
     .field = settings::field<&F::description>,
     .range = {0, 1024},
     .help = "Who is in it."},
};
settings::TableOf<F> user_table() {
    return {user_rows, "admin-user", "An administrator."};
}
settings::TableOf<F> group_table() {
    return {group_rows, "admin-group", "A group of administrators."};
}

Step<DomainId> domain_given(Call& call) {
    auto name = call.given.maybe("domain");
    if (!name) return DomainId{};
    auto domain = call.shell.directory().domain(*name);
    if (!domain) return std::unexpected(fmt::format("there is no domain {}", clean(*name)));
    return domain->id;
}

PrincipalFrame& principal(Call& call) {
    return static_cast<PrincipalFrame&>(call.frame);
}

Reply change_right(Call& call) {
    auto domain = domain_given(call);
    if (!domain) return error(domain.error());
    auto rights =
        parse_permissions(call.shell, call.given.list("permNames"), *domain, granted_of(call.subject));
    if (!rights) return error(rights.error());
    auto& list = principal(call).change().rights;
    if (list.size() + rights->size() > 1000) return error("DONE what there is before more");
    list.insert(list.end(), rights->begin(), rights->end());
    return ok();
}

Reply list_parents(Call& call) {
    return ok(simple_list("parents", principal(call).rights().parents));
}

Reply list_members(Call& call) {
    std::vector<std::string> names;
    std::string group = directory::fold_local(principal(call).change().name);
    auto done =
        each_principal(call.shell, [&](Principal kind, const std::string& name, const AdminRights& rights) {
            for (const std::string& parent : rights.parents)
                if (directory::fold_local(parent) == group)
                    names.push_back(fmt::format("{} {}", word(kind), name));
        });
    if (!done) return error(done.error());
    return ok(simple_list("members", names));
}

Reply change_parent(Call& call) {
    PrincipalChange& change = principal(call).change();
    const std::string& name = call.given.text("name");
    auto* parent = static_cast<Pending*>(call.shell.parent_of(call.frame));
    if (call.subject == "add") {
        if (!call.shell.directory().admin_group(name)
            && !(parent != nullptr && parent->creates(Principal::group, name)))
            return error(fmt::format("there is no admin-group {}", clean(name)));
        // What the group holds goes to its members.
        auto rights = call.shell.directory().admin_rights(Principal::group, name);
        if (rights)
            for (const AdminRight& one : rights->rights)
                if (one.granted)
                    if (auto may = may_give(call.shell, one.permission, one.domain); !may)
                        return error(may.error());
        if (rights && !rights->parents.empty() && !call.shell.permitted(super_user))
            return error(
                "permission denied: only an administrator with all rights gives what a group inherits");
        change.leave.erase(name);
        change.join.insert(name);
        return ok();
    }
    const auto rights = principal(call).rights();
    bool there = std::ranges::any_of(rights.parents,
                                     [&](const std::string& one) { return text::equal_ci(one, name); });
    if (!there) return error(fmt::format("it is not in the admin-group {}", clean(name)));
    change.join.erase(name);
    change.leave.insert(name);
    return ok();
}

Reply show_effective(Call& call) {
    auto domain = domain_given(call);
    if (!domain) return error(domain.error());
    const PrincipalChange& change = principal(call).change();
    std::vector<std::string> names;
    auto ask = [&](std::string_view permission) {
        auto may = call.shell.directory().admin_may(change.kind, change.name, permission, *domain);
        if (may && *may) names.emplace_back(permission);
    };
    if (domain->value() == 0) {
        for (std::string_view one : directory::server_permissions()) ask(one);
        for (const directory::DomainPermission& one : directory::domain_permissions())
            if (!one.on_any_domain.empty()) ask(one.on_any_domain);
    } else {
        for (const directory::DomainPermission& one : directory::domain_permissions()) ask(one.name);
    }
    return ok(simple_list("effective permissions", names));
}

void add_rights(Context& context) {
    const std::vector<Command> commands = {
        {"LIST parents", "Groups that it is in", list_parents},
        {"ADD parent-group [name] <name>", "Put it into a group", change_parent, {}, "add"},
        {"REMOVE parent-group [name] <name>", "Take it out of a group", change_parent, {}, "remove"},
        {"GRANT permission (<permNames>) [domain <domain>]",
         "It may, on the server or on a domain",
         change_right,
         {},
         "GRANT"},
        {"DENY permission (<permNames>) [domain <domain>]",
         "It may not, whatever its groups may",
         change_right,
         {},
         "DENY"},
        {"REVOKE permission (<permNames>) [domain <domain>]", "Neither is said", change_right, {}, "REVOKE"},
        {"SHOW effective-permissions [domain <domain>]", "What it may in the end; without changes that wait",
         show_effective},
    };
    context.commands.insert(context.commands.end(), commands.begin(), commands.end());
}

}  // namespace

Context user_context() {
    Context user;
    user.path = "aacl/admin-user";
    user.prompt = "aacl-adminUser";
    user.exit = Exit::done;
    user.help = "An administrator";
    user.attributes = user_table();
    user.need = on_server("manageAdminACL");
    add_rights(user);
    return user;
}

Context group_context() {
    Context group;
    group.path = "aacl/admin-group";
    group.prompt = "aacl-adminGroup";
    group.exit = Exit::done;
    group.help = "A group of administrators";
    group.attributes = group_table();
    group.need = on_server("manageAdminACL");
    add_rights(group);
    group.commands.push_back({"LIST members", "Who is in it", list_members});
    return group;
}

}  // namespace postrider::cli::aacl
