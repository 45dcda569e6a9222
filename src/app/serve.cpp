#include "app/serve.h"

#include <fmt/core.h>
#include <signal.h>
#include <unistd.h>

#include <condition_variable>
#include <filesystem>
#include <fstream>
#include <thread>

#include "admin/live.h"
#include "app/commands.h"
#include "app/link.h"
#include "app/server.h"
#include "app/supervisor.h"
#include "base/make_directory.h"
#include "settings/reader.h"
#include "settings/writer.h"

namespace postrider::app {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

int fail(const std::string& what) {
    fmt::print(stderr, "postrider: {}\n", what);
    return exit_failed;
}

/// Blocks the signals that we wait for in every thread made from here on.
sigset_t block_signals() {
    sigset_t set;
    sigemptyset(&set);
    for (int signal : {SIGINT, SIGTERM, SIGQUIT, SIGHUP}) sigaddset(&set, signal);
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    return set;
}

/// The same level mask for every service's lines; rules are left alone, which say what becomes of a line.
void set_log_levels(settings::Table table, void* object, unsigned mask) {
    for (std::size_t i = 0; i < table.count; ++i) {
        const settings::Row row = table[i];
        if (row.field.kind == settings::Kind::object || row.field.kind == settings::Kind::inlined)
            set_log_levels(row.field.table(), row.field.member(object), mask);
        else if (row.name == "logLevel")
            row.field.set_number(object, mask);
    }
}

std::string file_of(const ServeArguments& arguments) {
    return fs::absolute(arguments.config.empty() ? configuration_file(arguments.directory) : arguments.config)
        .string();
}

std::expected<Settings, std::string> load_settings(const std::string& file) {
    auto text = settings::load_file(file);
    if (!text) return std::unexpected(text.error());
    auto loaded = settings::load(settings_table(), *text, file);
    for (const auto& one : loaded.found) fmt::print(stderr, "{}\n", one.text());
    if (!loaded.ok()) return std::unexpected(file + " has errors");
    return std::move(loaded.values);
}

/// Tells the supervisor every second that the I/O threads turn.
class Heart {
public:
    Heart(Link& link, Server& server)
        : thread_{[this, &link, &server](std::stop_token stop) {
              std::unique_lock lock{mutex_};
              while (!changed_.wait_for(lock, stop, 1s, [&] { return stop.stop_requested(); }))
                  if (server.moves()) link.alive();
          }} {}

private:
    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::jthread thread_;
};

/// How our successor after an upgrade is started: with the same meaning from whatever directory.
std::vector<std::string> command_of(const ServeArguments& a, const std::string& pid_file) {
    std::vector<std::string> command{
        "postrider", "serve",     "--workdir", a.directory,  "--configfile",
        a.config,    "--pidfile", pid_file,    "--watchdog", std::to_string(a.watchdog)};
    auto add = [&](const char* option, const std::string& value) {
        if (!value.empty()) command.insert(command.end(), {option, value});
    };
    add("--submit-socket", a.submit_socket);
    add("--drop-core", a.core_directory);
    add("--loglevel", a.log_level_given ? std::to_string(a.log_level) : "");
    if (a.daemon && !a.foreground) command.push_back("--daemon");
    return command;
}

bool has_admin_password(Server& server) {
    auto credentials = server.directory().admin_credentials("admin");
    return credentials && !credentials->bytes.empty();
}

void reload(Server& server, Link* link) {
    if (link) link->reloading();
    if (auto done = server.live()->reload(); !done) fmt::print(stderr, "postrider: {}\n", done.error());
    if (link) link->reloaded();
}

}  // namespace

int check_configuration(const ServeArguments& arguments) {
    auto settings = load_settings(file_of(arguments));
    return settings ? 0 : fail(settings.error());
}

int serve_here(const ServeArguments& arguments, Link* link, const std::string& death) {
    const sigset_t signals = block_signals();
    const std::string file = file_of(arguments);
    auto settings = load_settings(file);
    std::string instead;
    if (!settings && !death.empty()) {
        // Somebody is in the middle of a change while the server dies: mail must not wait for the end of it.
        instead = fmt::format("{}; it runs with the settings of before", settings.error());
        settings = load_settings(arguments.directory + "/run/last-good.cfg");
    }
    if (!settings) return fail(settings.error());
    ServerOptions options;
    options.directory = arguments.directory;
    options.settings = std::move(*settings);
    options.config_file = file;
    options.submit_socket = arguments.submit_socket;
    if (arguments.log_level_given) {
        options.override_settings = [mask = arguments.log_level](Settings& all) {
            set_log_levels(settings_table(), &all, mask);
        };
        options.override_settings(options.settings);
    }
    if (link) {
        options.sockets = std::make_unique<LinkedSockets>(*link);
        options.upgrade = [link] { return link->upgrade(); };
    }
    auto opened = Server::open(std::move(options));
    if (!opened) return fail(opened.error());
    Server& server = **opened;
    if (!death.empty()) server.note("The server before this one ended with " + death);
    if (!instead.empty()) server.note(instead);
    if (!has_admin_password(server))
        server.note("The administrator has no password yet; `postrider setup` sets it");
    server.start();
    std::optional<Heart> heart;
    if (link) {
        link->ready();
        if (arguments.daemon && !arguments.foreground) leave_standard_streams();
        heart.emplace(*link, server);
    } else if (!arguments.pid_file.empty() && !(std::ofstream{arguments.pid_file} << getpid() << '\n')) {
        return fail(arguments.pid_file + " cannot be written");
    }
    int signal = 0;
    while (sigwait(&signals, &signal) == 0 && signal == SIGHUP) reload(server, link);
    // The heart goes on: ending may take its time.
    server.stop();
    heart.reset();
    if (!link && !arguments.pid_file.empty()) std::remove(arguments.pid_file.c_str());
    return 0;
}

int serve_supervised(const ServeArguments& given) {
    ServeArguments arguments = given;
    // The working directory changes where cores are wanted or the terminal is left.
    arguments.directory = fs::absolute(arguments.directory).lexically_normal().string();
    arguments.config = file_of(arguments);
    auto who = identity(arguments.user, arguments.group, arguments.directory);
    if (!who) return fail(who.error());
    const fs::path directory = arguments.directory;
    std::error_code error;
    const bool there = fs::exists(directory, error);
    if (auto made = make_directory(directory / "run"); !made)
        return fail(
            fmt::format("The directory {} cannot be made: {}", directory.string(), made.error().message()));
    if (*who)
        for (const fs::path& one : {directory, directory / "run"})
            if ((!there || one != directory) && ::chown(one.c_str(), (*who)->user, (*who)->group) != 0)
                return fail(one.string() + " cannot be given to the user of the server");
    SupervisorOptions options;
    options.identity = *who;
    options.pid_file =
        arguments.pid_file.empty() ? (directory / "run" / "postrider.pid") : fs::path{arguments.pid_file};
    options.core_directory = arguments.core_directory;
    options.watchdog = std::chrono::seconds{arguments.watchdog};
    options.command = command_of(arguments, options.pid_file.string());
    options.background = arguments.daemon && !arguments.foreground;
    Supervisor supervisor{std::move(options), [&](Link& link, const std::string& death) {
                              return serve_here(arguments, &link, death);
                          }};
    return supervisor.run();
}

}  // namespace postrider::app
