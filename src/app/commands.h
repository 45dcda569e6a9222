#pragma once

#include <CLI/App.hpp>
#include <functional>

/// The `postrider` command: each file adds its subcommands to the parser. A command's callback leaves the process's
/// exit code in `exit_code`.
namespace postrider::app {

struct CommandLine {
    CLI::App app{"Postrider, the mail and collaboration server", "postrider"};
    int exit_code = 0;
    /// Subcommands keep their options' values here until they have run.
    std::vector<std::shared_ptr<void>> kept;

    template <class T>
    T& keep() {
        auto made = std::make_shared<T>();
        kept.push_back(made);
        return *made;
    }
};

void add_server_commands(CommandLine& line);  ///< demo, serve
void add_config_commands(CommandLine& line);  ///< config check, show, defaults, manual

}  // namespace postrider::app
