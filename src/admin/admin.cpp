// Who administers the server.

#include "admin/chapters.h"
#include "admin/lookup.h"

namespace postrider::admin {
namespace {

Result list(Context& context, const Arguments&, const Progress&) {
    auto admins = need(context.directory.admins());
    if (!admins) return std::unexpected(admins.error());
    Json rows = Json::array();
    for (const directory::AdminEntry& one : *admins)
        rows.push_back(Json{{"name", one.name},
                            {"enabled", one.enabled},
                            {"built_in", one.built_in},
                            {"description", one.description}});
    return Json{{"administrators", std::move(rows)}};
}

Result add(Context& context, const Arguments& arguments, const Progress&) {
    auto credentials = need(context.authenticator.make_credentials(arguments.text("password")));
    if (!credentials) return std::unexpected(credentials.error());
    auto ok = need(
        context.directory.create_admin(arguments.text("name"), arguments.text("description"), *credentials));
    if (!ok) return std::unexpected(ok.error());
    return done();
}

Result remove(Context& context, const Arguments& arguments, const Progress&) {
    if (auto ok = need(context.directory.delete_admin(arguments.text("name"))); !ok)
        return std::unexpected(ok.error());
    return done();
}

Result password(Context& context, const Arguments& arguments, const Progress&) {
    auto ok =
        need(context.authenticator.set_admin_password(arguments.text("name"), arguments.text("password")));
    if (!ok) return std::unexpected(ok.error());
    return done();
}

template <bool on>
Result enable(Context& context, const Arguments& arguments, const Progress&) {
    auto ok = need(context.directory.change_admin(arguments.text("name"), on, std::nullopt));
    if (!ok) return std::unexpected(ok.error());
    return done();
}

constexpr Argument the_name{"name", Type::text, "Name of the administrator", true};
constexpr Argument only_name[] = {the_name};
constexpr Argument add_arguments[] = {
    the_name, {"password", Type::secret, "The password", true}, {"description", Type::text, "Who that is"}};
constexpr Argument password_arguments[] = {the_name, {"password", Type::secret, "The new password", true}};

constexpr Operation operations[] = {
    {"admin list", "List the administrators", {}, list},
    {"admin add", "Make an administrator, who may do everything", add_arguments, add, true},
    {"admin delete", "Delete an administrator; not the built-in one", only_name, remove, true},
    {"admin password", "Set an administrator's password", password_arguments, password, true},
    {"admin enable", "Let an administrator log in again", only_name, enable<true>, true},
    {"admin disable", "Do not let an administrator log in", only_name, enable<false>, true},
};

}  // namespace

Chapter admin_chapter() {
    return {"admin", "Administrators", operations};
}

}  // namespace postrider::admin
