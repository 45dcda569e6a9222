#include <CLI/CLI.hpp>
#include <csignal>

#include "app/commands.h"

int main(int argc, char** argv) {
    // A peer that went away is an error of that write, not a signal to the process.
    std::signal(SIGPIPE, SIG_IGN);
    postrider::app::CommandLine line;
    line.app.require_subcommand(1);
    line.app.set_version_flag("-v,--version", POSTRIDER_VERSION);
    postrider::app::add_admin_commands(line);
    postrider::app::add_server_commands(line);
    postrider::app::add_config_commands(line);
    try {
        line.app.parse(argc, argv);
    } catch (const CLI::ParseError& fault) {
        return line.app.exit(fault) == 0 ? 0 : postrider::app::exit_usage;
    }
    return line.exit_code;
}
