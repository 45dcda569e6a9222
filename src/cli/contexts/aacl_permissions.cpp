#include <fmt/core.h>

#include "cli/contexts/aacl_frame.h"
#include "cli/wire/layout.h"

/// PERMISSIONS of the server or a domain: who may do what there.
namespace postrider::cli {
namespace aacl {
namespace {

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

}  // namespace

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

}  // namespace aacl

void add_permission_command(Context& context) {
    context.commands.push_back({"CONFIG PERMISSIONS", "Who may do what here", aacl::enter_permissions,
                                on_server("manageAdminACL"), context.path});
}

}  // namespace postrider::cli
