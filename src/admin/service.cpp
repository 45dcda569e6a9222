// The running server: its services, and settings that change while it runs.

#include <fmt/core.h>

#include "admin/chapters.h"
#include "admin/live.h"
#include "admin/lookup.h"

namespace postrider::admin {
namespace {

using Kind = Error::Kind;

/// Operations below are `needs_server`, but a server may be made without services too (tests).
std::expected<LiveServer*, Error> live(Context& context) {
    if (context.live) return context.live;
    return std::unexpected(Error{Kind::not_running, "No server runs here"});
}

Json texts(const std::vector<std::string>& all) {
    Json out = Json::array();
    for (const std::string& one : all) out.push_back(one);
    return out;
}

Result list(Context& context, const Arguments&, const Progress&) {
    auto server = live(context);
    if (!server) return std::unexpected(server.error());
    Json rows = Json::array();
    for (const ServiceState& one : (*server)->services())
        rows.push_back(Json{{"service", one.name},
                            {"state", one.running ? "running" : "stopped"},
                            {"at_start", one.configured},
                            {"sessions", one.sessions}});
    return Json{{"services", std::move(rows)}};
}

enum class Order { start, stop, restart };

template <Order order>
Result control(Context& context, const Arguments& arguments, const Progress&) {
    auto server = live(context);
    if (!server) return std::unexpected(server.error());
    const std::string name = arguments.text("name");
    std::expected<void, std::string> ok;
    if (order != Order::start) ok = (*server)->stop_service(name);
    if (ok && order != Order::stop) ok = (*server)->start_service(name);
    if (!ok) return fail(Kind::bad_value, ok.error());
    return done();
}

Result reload(Context& context, const Arguments&, const Progress&) {
    auto server = live(context);
    if (!server) return std::unexpected(server.error());
    auto applied = (*server)->reload();
    if (!applied) return fail(Kind::bad_value, applied.error());
    return Json{{"changed", texts(applied->changed)},
                {"needs_restart", texts(applied->needs_restart)},
                {"warnings", texts(applied->warnings)},
                {"problems", texts(applied->problems)},
                {"clean", applied->problems.empty()}};
}

Result save(Context& context, const Arguments&, const Progress&) {
    auto server = live(context);
    if (!server) return std::unexpected(server.error());
    if (auto ok = (*server)->save(); !ok) return fail(Kind::storage, ok.error());
    return Json{{"file", (*server)->configuration_file()}};
}

Result upgrade(Context& context, const Arguments&, const Progress&) {
    auto server = live(context);
    if (!server) return std::unexpected(server.error());
    if (auto ok = (*server)->upgrade(); !ok) return fail(Kind::not_allowed, ok.error());
    return done();
}

constexpr Argument only_name[] = {
    {"name", Type::text, "The service, as `service list` shows it: imap, smtpIncoming, ...", true}};

constexpr Operation service_operations[] = {
    {"service list", "Show the services, whether they run, and their sessions", {}, list, false, true},
    {"service start", "Start a service", only_name, control<Order::start>, true, true},
    {"service stop", "Stop a service: its clients are told and its ports refuse until it is started again",
     only_name, control<Order::stop>, true, true},
    {"service restart", "Stop a service and start it again", only_name, control<Order::restart>, true, true},
};
constexpr Operation reload_operations[] = {
    {"reload",
     "Read the configuration file and the certificates again, without ending a session; a file with errors "
     "changes nothing",
     {},
     reload,
     true,
     true},
};
constexpr Operation save_operations[] = {
    {"save-config", "Write the settings in force to the configuration file", {}, save, true, true},
};

constexpr Operation upgrade_operations[] = {
    {"upgrade",
     "Let the program that is installed now take over from the one that runs; no connection is refused "
     "meanwhile",
     {},
     upgrade,
     true,
     true},
};

}  // namespace

Chapter service_chapter() {
    return {"service", "Services of the running server", service_operations};
}
Chapter reload_chapter() {
    return {"reload", "New settings for the running server", reload_operations};
}
Chapter save_config_chapter() {
    return {"save-config", "Settings of the running server", save_operations};
}

Chapter upgrade_chapter() {
    return {"upgrade", "The program that runs", upgrade_operations};
}

}  // namespace postrider::admin
