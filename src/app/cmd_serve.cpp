#include <fmt/core.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <array>
#include <filesystem>

#include "app/commands.h"
#include "app/serve.h"
#include "net/tls.h"

namespace postrider::app {
namespace {

int fail(const std::string& what) {
    fmt::print(stderr, "postrider: {}\n", what);
    return exit_failed;
}

struct Setup {
    std::string password, domain;
};

/// The administrator's password, from who knows one, or made here and shown this once.
int setup(const CommandLine& line, const Setup& given) {
    std::string password = given.password;
    bool made = false;
    if (password == "-" || (password.empty() && ::isatty(STDIN_FILENO) == 1)) {
        const bool ask = password.empty();
        auto typed = read_secret(ask ? "Password for the administrator (empty: one is made)" : "Password");
        if (typed && ask && !typed->empty() && read_secret("The same again") != typed)
            return fail("The two are not the same; nothing was changed");
        password = typed.value_or("");
        if (!ask && password.empty()) return fail("An empty password is none");
    }
    if (password.empty()) {
        password = auth::Authenticator::random_password();
        made = true;
    }
    if (!given.domain.empty()) {
        auto domain = run_operation(line, "domain add",
                                    admin::Json{{"domain", given.domain}, {"postmaster-password", password}});
        if (!domain && domain.error().kind != admin::Error::Kind::exists) return fail(domain.error().what);
    }
    auto done = run_operation(line, "admin password", admin::Json{{"name", "admin"}, {"password", password}});
    if (!done) return fail(done.error().what);
    if (line.json)
        fmt::print("{}\n", made ? admin::Json{{"user", "admin"}, {"password", password}}.dump() : "{}");
    else if (made)
        fmt::print(
            "The administrator is admin, with the password {}\nIt is shown this once; `postrider setup` "
            "makes another.\n",
            password);
    return 0;
}

constexpr std::array options_with_value{"-P",
                                        "--pidfile",
                                        "-C",
                                        "--configfile",
                                        "-W",
                                        "--workdir",
                                        "-u",
                                        "--user",
                                        "-g",
                                        "--group",
                                        "-l",
                                        "--loglevel",
                                        "-A",
                                        "--admin-passwd",
                                        "--drop-core",
                                        "--watchdog",
                                        "--submit-socket",
                                        "--data"};
constexpr std::array options_without{"--foreground", "--daemon", "--json", "--progress"};

}  // namespace

std::vector<std::string> with_serve(std::vector<std::string> arguments) {
    bool serves = false, foreground = false;
    for (std::size_t i = 0; i < arguments.size(); ++i) {
        const std::string& one = arguments[i];
        const std::string name = one.substr(0, one.find('='));
        auto is = [&](const char* known) { return name == known; };
        if (std::ranges::any_of(options_with_value, is)) {
            serves = serves || name != "--data";
            if (name == one) ++i;
        } else if (std::ranges::any_of(options_without, is)) {
            serves = serves || name == "--foreground" || name == "--daemon";
            foreground = foreground || name == "--foreground";
        } else {
            return arguments;  // a command, or a question for help
        }
    }
    if (!serves) return arguments;
    arguments.insert(arguments.begin(), "serve");
    if (!foreground) arguments.push_back("--daemon");
    return arguments;
}

void add_serve_commands(CommandLine& line) {
    struct Given : ServeArguments {
        std::string password;
    };
    auto& s = line.keep<Given>();
    auto* serve =
        line.app.add_subcommand("serve", "Run the server, watched by a supervisor that starts it again");
    serve->fallthrough();
    serve->add_option("-W,--workdir", s.directory, "Working directory [that of the option --data]");
    serve->add_option("-C,--configfile", s.config,
                      "Configuration file [WORKDIR/run/postrider.cfg, or else /etc/postrider/postrider.cfg]");
    serve->add_option("-P,--pidfile", s.pid_file,
                      "Where the supervisor's process id stands [WORKDIR/run/postrider.pid]");
    serve->add_flag("--foreground", s.foreground, "Stay on the terminal; so it is unless --daemon is given");
    serve->add_flag("--daemon", s.daemon, "Go into the background once the server is ready");
    serve->add_option("-u,--user", s.user,
                      "User of the server when it is started as root [owner of WORKDIR]");
    serve->add_option("-g,--group", s.group, "Its group [the user's]");
    auto* level =
        serve->add_option("-l,--loglevel", s.log_level,
                          "Levels of every service's log lines, instead of the configuration's: sum of 1 "
                          "critical, 2 errors, 4 warnings, 8 information, 16 protocol");
    level->check(CLI::Range(0u, 31u));
    serve->add_option("--drop-core", s.core_directory, "Directory for core files [none are written]");
    serve->add_option("--submit-socket", s.submit_socket,
                      "Where the sendmail command hands in mail [WORKDIR/run/submit]; none: nowhere");
    serve
        ->add_option("--watchdog", s.watchdog,
                     "Seconds without a sign of life after which the server is started "
                     "again; 0: never")
        ->capture_default_str();
    auto* password =
        serve->add_option("-A,--admin-passwd", s.password,
                          "Set the administrator's password and exit; - reads it from standard input");
    serve->add_flag("--check", s.check, "Only read the configuration and say what is wrong with it");
    serve->add_flag("--single", s.single, "In this process alone, without a supervisor: for debugging");
    serve->callback([&line, &s, level, password] {
        if (s.directory.empty()) s.directory = line.data;
        s.log_level_given = level->count() != 0;
        if (password->count() != 0) {
            line.data = s.directory;
            line.exit_code = setup(line, {s.password.empty() ? "-" : s.password, {}});
        } else if (s.check) {
            line.exit_code = check_configuration(s);
        } else if (s.single) {
            line.exit_code = serve_here(s, nullptr, {});
        } else {
            line.exit_code = serve_supervised(s);
        }
    });

    struct Certificate {
        std::string file;
        std::vector<std::string> names;
        int days = 3650;
    };
    auto& c = line.keep<Certificate>();
    auto* certificate = line.app.add_subcommand(
        "certificate",
        "Make a key and a certificate signed by itself, to begin with until a real one is there");
    certificate->add_option("file", c.file, "Where to write both (PEM); must not be there yet")->required();
    certificate->add_option("names", c.names, "Host names and addresses; the first is the common name")
        ->required();
    certificate->add_option("--days", c.days, "How long it is valid")
        ->capture_default_str()
        ->check(CLI::Range(1, 36500));
    certificate->callback([&line, &c] {
        std::error_code error;
        if (std::filesystem::exists(c.file, error)) {
            line.exit_code = fail(c.file + " is there already; nothing was written");
            return;
        }
        auto made = net::write_self_signed_certificate(c.file, c.names, c.days);
        line.exit_code = made ? 0 : fail(made.error());
    });

    auto& n = line.keep<Setup>();
    auto* made = line.app.add_subcommand(
        "setup", "Set the administrator's password: yours, or a new one that is shown this once");
    made->fallthrough();
    made->add_option("--password", n.password, "The password; - reads it from standard input");
    made->add_option("--domain", n.domain,
                     "Also make this mail domain, whose postmaster gets the same password");
    made->callback([&line, &n] { line.exit_code = setup(line, n); });
}

}  // namespace postrider::app
