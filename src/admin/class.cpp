// What accounts inherit besides their domain's defaults: account classes, and the server's own level.

#include <fmt/core.h>

#include "admin/chapters.h"
#include "admin/values.h"

namespace postrider::admin {
namespace {

using directory::SettingsLevel;

std::expected<directory::AccountClass, Error> find_class(Context& context, const Arguments& arguments) {
    auto domain = find_domain(context, arguments.text("domain"));
    if (!domain) return std::unexpected(domain.error());
    return need(context.directory.account_class((*domain)->id, arguments.text("class")));
}

Result list(Context& context, const Arguments& arguments, const Progress&) {
    auto domain = find_domain(context, arguments.text("domain"));
    if (!domain) return std::unexpected(domain.error());
    auto classes = need(context.directory.classes((*domain)->id));
    if (!classes) return std::unexpected(classes.error());
    Json rows = Json::array();
    for (const directory::AccountClass& one : *classes) {
        auto values = need(context.directory.explicit_values(SettingsLevel::account_class(one.id)));
        if (!values) return std::unexpected(values.error());
        rows.push_back(Json{{"name", one.name}, {"id", one.id.value()}, {"explicit_values", values->size()}});
    }
    return Json{{"classes", std::move(rows)}};
}

Result add(Context& context, const Arguments& arguments, const Progress&) {
    auto domain = find_domain(context, arguments.text("domain"));
    if (!domain) return std::unexpected(domain.error());
    auto id = need(context.directory.create_class((*domain)->id, arguments.text("class")));
    if (!id) return std::unexpected(id.error());
    return Json{{"name", arguments.text("class")}, {"id", id->value()}};
}

Result show(Context& context, const Arguments& arguments, const Progress&) {
    auto found = find_class(context, arguments);
    if (!found) return std::unexpected(found.error());
    auto effective = need(context.directory.effective(found->domain, found->id));
    if (!effective) return std::unexpected(effective.error());
    return show_values(context, SettingsLevel::account_class(found->id), **effective);
}

Result remove(Context& context, const Arguments& arguments, const Progress&) {
    auto found = find_class(context, arguments);
    if (!found) return std::unexpected(found.error());
    if (auto ok = need(context.directory.delete_class(found->id)); !ok) return std::unexpected(ok.error());
    return done();
}

Result rename(Context& context, const Arguments& arguments, const Progress&) {
    auto found = find_class(context, arguments);
    if (!found) return std::unexpected(found.error());
    auto ok = need(context.directory.rename_class(found->id, arguments.text("name")));
    if (!ok) return std::unexpected(ok.error());
    return done();
}

Result set(Context& context, const Arguments& arguments, const Progress&) {
    auto found = find_class(context, arguments);
    if (!found) return std::unexpected(found.error());
    return set_value(context, SettingsLevel::account_class(found->id), arguments);
}

Result reset(Context& context, const Arguments& arguments, const Progress&) {
    auto found = find_class(context, arguments);
    if (!found) return std::unexpected(found.error());
    return reset_value(context, SettingsLevel::account_class(found->id), arguments);
}

Result server_show(Context& context, const Arguments&, const Progress&) {
    auto values = server_values(context);
    if (!values) return std::unexpected(values.error());
    return show_values(context, SettingsLevel::server(), *values);
}

Result server_set(Context& context, const Arguments& arguments, const Progress&) {
    return set_value(context, SettingsLevel::server(), arguments);
}

Result server_reset(Context& context, const Arguments& arguments, const Progress&) {
    return reset_value(context, SettingsLevel::server(), arguments);
}

Result server_forgive(Context& context, const Arguments& arguments, const Progress&) {
    context.authenticator.forgive(arguments.text("address"));
    return done();
}

constexpr Argument the_domain{"domain", Type::text, "Name or alias of the domain", true};
constexpr Argument the_class{"class", Type::text, "Name of the class", true};
constexpr Argument the_name{"name", Type::text, "Name of the setting", true};
constexpr Argument the_value{"value", Type::text, value_help, true};
constexpr Argument only_domain[] = {the_domain};
constexpr Argument only_class[] = {the_domain, the_class};
constexpr Argument rename_arguments[] = {the_domain, the_class, {"name", Type::text, "New name", true}};
constexpr Argument value_arguments[] = {the_domain, the_class, the_name, the_value};
constexpr Argument name_arguments[] = {the_domain, the_class, the_name};
constexpr Argument server_value_arguments[] = {the_name, the_value};
constexpr Argument server_name_arguments[] = {the_name};
constexpr Argument address_arguments[] = {{"address", Type::text, "IP address", true}};

constexpr Operation class_operations[] = {
    {"class list", "List the account classes of a domain", only_domain, list},
    {"class show", "Show the settings that accounts of a class inherit", only_class, show},
    {"class add", "Make an account class", only_class, add, true},
    {"class delete", "Delete a class that no account has", only_class, remove, true},
    {"class rename", "Give a class another name", rename_arguments, rename, true},
    {"class set", "Set one setting for all accounts of the class", value_arguments, set, true},
    {"class reset", "Let one be inherited from the domain again", name_arguments, reset, true},
};

constexpr Operation server_operations[] = {
    {"server defaults show", "Show the settings that all accounts inherit", {}, server_show},
    {"server defaults set", "Set one for all accounts", server_value_arguments, server_set, true},
    {"server defaults reset", "Give one its built-in value again", server_name_arguments, server_reset, true},
    {"server forgive", "Forget failed log-ins from an IP address", address_arguments, server_forgive, false,
     true},
};

}  // namespace

Chapter class_chapter() {
    return {"class", "Account classes", class_operations};
}
Chapter server_chapter() {
    return {"server", "The server as a whole", server_operations};
}

}  // namespace postrider::admin
