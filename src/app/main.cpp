#include <CLI/CLI.hpp>
#include <algorithm>
#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

#include "app/commands.h"
#include "extract/helper.h"

int main(int argc, char** argv) {
    // A peer that went away is an error of that write, not a signal to the process.
    std::signal(SIGPIPE, SIG_IGN);
    const std::string program = std::filesystem::path{argv[0]}.filename();
    if (program == "sendmail" || program == "mailq" || program == "newaliases")
        return postrider::app::run_sendmail(program, {argv + 1, argv + argc});
    if (argc > 1 && std::string_view{argv[1]} == "sendmail")
        return postrider::app::run_sendmail("sendmail", {argv + 2, argv + argc});
    // The process that reads attachments: nothing else is to happen in it.
    if (argc == 3 && std::string_view{argv[1]} == "extract") return postrider::extract::run_helper(argv[2]);
    postrider::app::CommandLine line;
    line.app.require_subcommand(1);
    line.app.set_version_flag("-v,--version", POSTRIDER_VERSION);
    postrider::app::add_admin_commands(line);
    postrider::app::add_demo_command(line);
    postrider::app::add_serve_commands(line);
    postrider::app::add_config_commands(line);
    postrider::app::add_mqview_command(line);
    postrider::app::add_companion_commands(line);
    postrider::app::add_sieve_command(line);
    try {
        auto arguments = postrider::app::with_serve({argv + 1, argv + argc});
        // Called by the name of a tool of old, through a symbolic link: as if it stood behind our own.
        if (std::filesystem::path{argv[0]}.filename() == "mqview")
            arguments.insert(arguments.begin(), "mqview");
        std::reverse(arguments.begin(), arguments.end());  // as the parser wants them
        line.app.parse(std::move(arguments));
    } catch (const CLI::ParseError& fault) {
        return line.app.exit(fault) == 0 ? 0 : postrider::app::exit_usage;
    }
    return line.exit_code;
}
