#include <fmt/core.h>

#include <algorithm>

#include "cli/contexts/aacl_frame.h"
#include "cli/wire/layout.h"
#include "directory/permissions.h"
#include "text/ascii.h"

/// Changes to administrators and their groups, and who may make them.
namespace postrider::cli::aacl {

std::string_view word(Principal kind) {
    return kind == Principal::user ? "admin-user" : "admin-group";
}

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

Step<> may_give(Shell& shell, std::string_view permission, DomainId domain) {
    if (shell.permitted(super_user) || shell.may(permission, domain)) return {};
    return std::unexpected(fmt::format("permission denied: you do not hold {} yourself", permission));
}

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

std::string domain_name(Shell& shell, DomainId id) {
    if (id.value() == 0) return "(server)";
    auto domain = shell.directory().domain(id);
    return domain ? domain->name : fmt::format("(gone: 0x{:X})", id.value());
}

Step<> may_change(Call& call, Principal kind, const std::string& name) {
    if (kind == Principal::group) return {};
    auto entry = call.shell.directory().admin(name);
    if (entry && (entry->built_in || entry->super_user)) return call.shell.permitted(super_user);
    return {};
}

std::optional<bool> granted_of(std::string_view verb) {
    if (verb == "REVOKE") return std::nullopt;
    return verb == "GRANT";
}

Step<> each_principal(
    Shell& shell,
    const std::function<void(Principal kind, const std::string& name, const AdminRights& rights)>& take) {
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

}  // namespace postrider::cli::aacl
