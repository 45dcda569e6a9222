#pragma once

#include <CLI/App.hpp>
#include <functional>
#include <memory>
#include <string>
#include <vector>

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

void add_server_commands(CommandLine& line);  ///< demo, serve
void add_admin_commands(CommandLine& line);   ///< one for each administration operation; help; call it first
void add_config_commands(CommandLine& line);  ///< config check, show, defaults, manual

}  // namespace postrider::app
