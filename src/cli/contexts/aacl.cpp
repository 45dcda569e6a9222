#include <fmt/core.h>

#include <algorithm>
#include <set>

#include "cli/contexts/branches.h"
#include "cli/wire/layout.h"
#include "directory/names.h"
#include "directory/permissions.h"
#include "text/ascii.h"

/// Administrators, their groups, and what they may do. Changes wait for the DONE that leaves AACL (or
/// PERMISSIONS), in their order.
namespace postrider::cli {
namespace {

using directory::AdminRight;
using directory::AdminRights;
using directory::Directory;
using directory::Principal;

std::string_view word(Principal kind) {
    return kind == Principal::user ? "admin-user" : "admin-group";
}

/// What is to be done to one principal.
struct PrincipalChange {
    Principal kind = Principal::user;
    std::string name;
    bool create = false;
    std::optional<std::string> description{}, password{};
    std::set<std::string> join{}, leave{};
    struct RightChange {
        std::string permission;
        DomainId domain;
        std::optional<bool> granted;  ///< nothing: REVOKE
    };
    std::vector<RightChange> rights{};

    bool empty() const {
        return !create && !description && !password && join.empty() && leave.empty() && rights.empty();
    }
};

AdminRights with(AdminRights rights, const PrincipalChange& change) {
    for (const std::string& group : change.leave)
        std::erase_if(rights.parents, [&](const std::string& one) { return text::equal_ci(one, group); });
    for (const std::string& group : change.join)
        if (std::ranges::none_of(rights.parents,
                                 [&](const std::string& one) { return text::equal_ci(one, group); }))
            rights.parents.push_back(group);
    for (const auto& one : change.rights) {
        std::erase_if(rights.rights, [&](const AdminRight& r) {
            return r.permission == one.permission && r.domain == one.domain;
        });
        if (one.granted) rights.rights.push_back({one.permission, one.domain, *one.granted});
    }
    return rights;
}

Step<> apply(Shell& shell, const PrincipalChange& change) {
    Directory& directory = shell.directory();
    auto& authenticator = shell.admin().authenticator;
    if (change.create && change.kind == Principal::user) {
        auto credentials = step(authenticator.make_credentials(change.password.value_or("")));
        if (!credentials) return std::unexpected(credentials.error());
        auto done = step(directory.create_admin(change.name, change.description.value_or(""), *credentials,
                                                Directory::AdminKind::delegated));
        if (!done) return done;
    } else if (change.create) {
        if (auto done = step(directory.create_admin_group(change.name, change.description.value_or("")));
            !done)
            return done;
    } else {
        if (change.description) {
            auto done = change.kind == Principal::user
                            ? step(directory.change_admin(change.name, std::nullopt, change.description))
                            : step(directory.change_admin_group(change.name, *change.description));
            if (!done) return done;
        }
        if (change.password)
            if (auto done = step(authenticator.set_admin_password(change.name, *change.password)); !done)
                return done;
    }
    if (change.join.empty() && change.leave.empty() && change.rights.empty()) return {};
    auto rights = step(directory.admin_rights(change.kind, change.name));
    if (!rights) return std::unexpected(rights.error());
    auto done = step(directory.set_admin_rights(change.kind, change.name, with(std::move(*rights), change)));
    if (!done && change.create) {
        auto undone = change.kind == Principal::user
                          ? step(directory.delete_admin(change.name))
                          : step(directory.delete_admin_group(change.name, Directory::Delete::forced));
        if (!undone) return undone;
    }
    return done;
}

/// Who gives rights has them: nobody may make somebody who may do more.
Step<> may_give(Shell& shell, std::string_view permission, DomainId domain) {
    if (shell.permitted(super_user) || shell.may(permission, domain)) return {};
    return std::unexpected(fmt::format("permission denied: you do not hold {} yourself", permission));
}

/// Names of permissions, as they are spelled, that can be given there.
Step<std::vector<PrincipalChange::RightChange>> parse_permissions(Shell& shell,
                                                                  const std::vector<std::string>& names,
                                                                  DomainId domain,
                                                                  std::optional<bool> granted) {
    std::vector<PrincipalChange::RightChange> all;
    for (const std::string& name : names) {
        auto known =
            domain.value() == 0 ? directory::server_permission(name) : directory::domain_permission(name);
        if (!known)
            return std::unexpected(fmt::format("{} is no permission on {}", clean(name),
                                               domain.value() == 0 ? "the server" : "a domain"));
        if (auto may = may_give(shell, *known, domain); !may) return std::unexpected(may.error());
        all.push_back({std::string{*known}, domain, granted});
    }
    if (all.empty()) return std::unexpected("name at least one permission");
    return all;
}

Step<DomainId> domain_given(Call& call) {
    auto name = call.given.maybe("domain");
    if (!name) return DomainId{};
    auto domain = call.shell.directory().domain(*name);
    if (!domain) return std::unexpected(fmt::format("there is no domain {}", clean(*name)));
    return domain->id;
}

std::string domain_name(Shell& shell, DomainId id) {
    if (id.value() == 0) return "(server)";
    auto domain = shell.directory().domain(id);
    return domain ? domain->name : fmt::format("(gone: 0x{:X})", id.value());
}

/// Its changes are the administrators'; commands that give rights work on every frame that has some.
class Pending : public Frame {
public:
    using Frame::Frame;
    void push(PrincipalChange change) {
        if (!change.empty()) changes_.push_back(std::move(change));
    }
    Step<> done() override {
        while (!changes_.empty()) {
            if (auto done = apply(shell_, changes_.front()); !done)
                return std::unexpected(fmt::format("{} {}: {}", word(changes_.front().kind),
                                                   changes_.front().name, done.error()));
            changes_.erase(changes_.begin());
        }
        return {};
    }
    Step<> reload() override {
        changes_.clear();
        return {};
    }
    bool creates(Principal kind, std::string_view name) const {
        return std::ranges::any_of(changes_, [&](const PrincipalChange& one) {
            return one.create && one.kind == kind
                   && directory::fold_local(one.name) == directory::fold_local(name);
        });
    }
    /// What is said of somebody, with the changes that wait.
    AdminRights rights_of(Principal kind, const std::string& name) const {
        AdminRights rights = shell_.directory().admin_rights(kind, name).value_or(AdminRights{});
        for (const PrincipalChange& one : changes_)
            if (one.kind == kind && text::equal_ci(one.name, name)) rights = with(std::move(rights), one);
        return rights;
    }

protected:
    std::vector<PrincipalChange> changes_;
};

class AaclFrame final : public Pending {
public:
    explicit AaclFrame(Shell& shell) : Pending{shell, shell.tree().at("AACL")} {}
    std::string title() const override { return "the administrators"; }
};

struct PrincipalForm {
    std::string name, description, password;
};
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

class PrincipalFrame final : public Frame {
public:
    PrincipalFrame(Shell& shell, Pending& parent, Principal kind, std::string name, bool create,
                   std::string password)
        : Frame{shell, shell.tree().at(kind == Principal::user ? "aacl/admin-user" : "aacl/admin-group")},
          parent_{parent} {
        change_.kind = kind;
        change_.name = std::move(name);
        change_.create = create;
        if (create && kind == Principal::user) change_.password = std::move(password);
        made_ = change_;
    }
    std::string title() const override { return fmt::format("the {} {}", word(change_.kind), change_.name); }
    void* values() override {
        form_ = {};
        form_.name = change_.name;
        if (change_.kind == Principal::user) {
            if (auto entry = shell_.directory().admin(change_.name)) form_.description = entry->description;
        } else if (auto group = shell_.directory().admin_group(change_.name)) {
            form_.description = group->description;
        }
        if (change_.description) form_.description = *change_.description;
        return &form_;
    }
    Step<> set(std::string_view attribute, const settings::Value& value) override {
        values();
        // Who could give others a password could act as them.
        if (settings::same_name(attribute, "password") && !change_.create && change_.name != shell_.user())
            if (auto may = shell_.permitted(super_user); !may) return may;
        if (auto good = Frame::set(attribute, value); !good) return good;
        if (settings::same_name(attribute, "name") && form_.name != change_.name) {
            if (!change_.create)
                return std::unexpected("a name cannot change here: make another and remove this one");
            change_.name = form_.name;
        }
        if (settings::same_name(attribute, "description")) change_.description = form_.description;
        if (settings::same_name(attribute, "password")) change_.password = form_.password;
        return {};
    }
    Step<> done() override {
        parent_.push(change_);
        return {};
    }
    Step<> reload() override {
        change_ = made_;
        return {};
    }
    AdminRights rights() const { return with(parent_.rights_of(change_.kind, change_.name), change_); }
    PrincipalChange& change() { return change_; }

private:
    Pending& parent_;
    PrincipalChange change_, made_;
    PrincipalForm form_;
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

/// Everybody of whom something is said, with what.
template <class Take>
Step<> each_principal(Shell& shell, Take&& take) {
    auto admins = step(shell.directory().admins());
    if (!admins) return std::unexpected(admins.error());
    auto groups = step(shell.directory().admin_groups());
    if (!groups) return std::unexpected(groups.error());
    auto visit = [&](Principal kind, const std::string& name) -> Step<> {
        auto rights = step(shell.directory().admin_rights(kind, name));
        if (!rights) return std::unexpected(rights.error());
        take(kind, name, *rights);
        return {};
    };
    for (const directory::AdminEntry& one : *admins)
        if (auto done = visit(Principal::user, one.name); !done) return done;
    for (const directory::AdminGroup& one : *groups)
        if (auto done = visit(Principal::group, one.name); !done) return done;
    return {};
}

Reply list_principals(Call& call, DomainId domain, std::string_view title) {
    std::vector<Row> rows;
    auto done =
        each_principal(call.shell, [&](Principal kind, const std::string& name, const AdminRights& rights) {
            for (const AdminRight& one : rights.rights)
                if (one.domain == domain)
                    rows.push_back(
                        {name, std::string{word(kind)}, one.granted ? "GRANT" : "DENY", one.permission});
        });
    if (!done) return error(done.error());
    return ok(table(title, {"name", "kind", "right", "permission"}, rows));
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

/// A delegated administrator does not change one who may do everything.
Step<> may_change(Call& call, Principal kind, const std::string& name) {
    if (kind == Principal::group) return {};
    auto entry = call.shell.directory().admin(name);
    if (entry && (entry->built_in || entry->super_user)) return call.shell.permitted(super_user);
    return {};
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

// ---- one principal

PrincipalFrame& principal(Call& call) {
    return static_cast<PrincipalFrame&>(call.frame);
}

std::optional<bool> granted_of(std::string_view verb) {
    if (verb == "REVOKE") return std::nullopt;
    return verb == "GRANT";
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

// ---- PERMISSIONS of the server or a domain

class PermissionsFrame final : public Pending {
public:
    PermissionsFrame(Shell& shell, const Context& context, DomainId domain)
        : Pending{shell, context}, domain_{domain} {}
    std::string title() const override { return "the permissions"; }
    DomainId on() const { return domain_; }

private:
    DomainId domain_;
};

Reply enter_permissions(Call& call) {
    DomainId domain = call.subject == "domain" ? call.shell.domain() : DomainId{};
    call.shell.enter(std::make_unique<PermissionsFrame>(
        call.shell, call.shell.tree().at(call.subject + "/PERMISSIONS"), domain));
    return ok();
}

Reply list_permissions(Call& call) {
    return list_principals(call, static_cast<PermissionsFrame&>(call.frame).on(), "Permissions");
}

Reply change_permission(Call& call) {
    auto& frame = static_cast<PermissionsFrame&>(call.frame);
    auto dash = call.subject.find('|');
    PrincipalChange change;
    change.kind = call.subject.substr(dash + 1) == "admin-user" ? Principal::user : Principal::group;
    change.name = call.given.text("name");
    bool there = change.kind == Principal::user ? call.shell.directory().admin(change.name).has_value()
                                                : call.shell.directory().admin_group(change.name).has_value();
    if (!there) return error(fmt::format("there is no {} {}", word(change.kind), clean(change.name)));
    if (auto may = may_change(call, change.kind, change.name); !may) return error(may.error());
    auto rights = parse_permissions(call.shell, call.given.list("permNames"), frame.on(),
                                    granted_of(call.subject.substr(0, dash)));
    if (!rights) return error(rights.error());
    change.rights = std::move(*rights);
    frame.push(std::move(change));
    return ok();
}

Context permissions_context(std::string path, std::string prompt) {
    Context context;
    context.path = std::move(path);
    context.prompt = std::move(prompt);
    context.exit = Exit::done;
    context.help = "Who may do what here";
    context.commands.push_back(
        {"LIST Permissions", "Everybody of whom something is said here", list_permissions});
    for (std::string verb : {"GRANT", "REVOKE", "DENY"})
        for (std::string kind : {"admin-user", "admin-group"})
            context.commands.push_back(
                {fmt::format("{} permission (<permNames>) {} [name] <name>", verb, kind),
                 "",
                 change_permission,
                 {},
                 verb + "|" + kind});
    return context;
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

void add_permission_command(Context& context) {
    context.commands.push_back({"CONFIG PERMISSIONS", "Who may do what here", enter_permissions,
                                on_server("manageAdminACL"), context.path});
}

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
    Context user;
    user.path = "aacl/admin-user";
    user.prompt = "aacl-adminUser";
    user.exit = Exit::done;
    user.help = "An administrator";
    user.attributes = user_table();
    user.need = on_server("manageAdminACL");
    add_rights(user);
    Context group;
    group.path = "aacl/admin-group";
    group.prompt = "aacl-adminGroup";
    group.exit = Exit::done;
    group.help = "A group of administrators";
    group.attributes = group_table();
    group.need = on_server("manageAdminACL");
    add_rights(group);
    group.commands.push_back({"LIST members", "Who is in it", list_members});
    std::vector<Context> all;
    all.push_back(std::move(aacl));
    all.push_back(std::move(user));
    all.push_back(std::move(group));
    all.push_back(permissions_context("SERVER/PERMISSIONS", "server-permissions"));
    all.push_back(permissions_context("domain/PERMISSIONS", "domain-permissions"));
    return all;
}

std::unique_ptr<Frame> make_aacl_frame(Shell& shell) {
    return std::make_unique<AaclFrame>(shell);
}

}  // namespace postrider::cli
