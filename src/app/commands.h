#pragma once

#include <CLI/App.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "admin/operation.h"

/// The `postrider` command: each file adds its subcommands to the parser. A command's callback leaves the
/// process's exit code in `exit_code`.
namespace postrider::app {

inline constexpr int exit_failed = 1;
inline constexpr int exit_usage = 2;

struct CommandLine {
    CLI::App app{"Postrider, the mail and collaboration server", "postrider"};
    int exit_code = 0;
    std::string data = "/var/lib/postrider";  ///< working directory, for every command that needs one
    bool json = false;
    bool progress = false;
    /// Subcommands keep their options' values here until they have run.
    std::vector<std::shared_ptr<void>> kept;

    template <class T>
    T& keep() {
        auto made = std::make_shared<T>();
        kept.push_back(made);
        return *made;
    }
};

void add_demo_command(CommandLine& line);
void add_serve_commands(CommandLine& line);  ///< serve, setup
void add_admin_commands(CommandLine& line);  ///< one for each administration operation; help; call it first
void add_mqview_command(CommandLine& line);
void add_sieve_command(CommandLine& line);       ///< sieve check, sieve test; behind add_admin_commands()
void add_companion_commands(CommandLine& line);  ///< scan, milter
/// `sendmail`, `mailq` and `newaliases`, whose arguments are their own; the exit codes are those of
/// sysexits.h.
int run_sendmail(std::string_view program, const std::vector<std::string>& arguments);
void add_config_commands(CommandLine& line);  ///< config check, show, defaults, manual

/// One administration operation: in the server that runs on these data, or on those of a stopped one.
admin::Result run_operation(const CommandLine& line, std::string_view operation,
                            const admin::Json& arguments);

/// One line of standard input, not shown while it is typed; nothing at its end.
std::optional<std::string> read_secret(std::string_view prompt);

/// The configuration file of a server on that directory: its own, or else the machine's.
std::string configuration_file(const std::string& directory);

/// The command line with which an init script starts a server, "-W DIR -C FILE ...", becomes a `serve`.
std::vector<std::string> with_serve(std::vector<std::string> arguments);

}  // namespace postrider::app
