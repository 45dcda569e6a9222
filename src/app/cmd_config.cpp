#include <fmt/core.h>

#include <CLI/CLI.hpp>

#include "app/commands.h"
#include "app/settings.h"
#include "settings/commands.h"

namespace postrider::app {
namespace {

struct ConfigArguments {
    std::string file = "/etc/postrider/postrider.cfg";
    settings::ShowOptions show;
    bool json = false;
    bool markdown = false;
};

int print(const settings::CommandResult& result) {
    fmt::print(stderr, "{}", result.errors);
    fmt::print("{}", result.output);
    return result.exit_code;
}

}  // namespace

void add_config_commands(CommandLine& line) {
    auto& a = line.keep<ConfigArguments>();
    auto* config = line.app.add_subcommand("config", "Check and show the configuration");
    config->require_subcommand(1);

    auto* check = config->add_subcommand("check", "Say what is wrong with a configuration file");
    check->add_option("file", a.file, "The file")->capture_default_str();
    check->add_flag("--json", a.json, "As one JSON object");
    check->callback(
        [&] { line.exit_code = print(settings::config_check(settings_table(), a.file, a.json)); });

    auto* show = config->add_subcommand("show", "Print the settings that a file gives");
    show->add_option("file", a.file, "The file")->capture_default_str();
    show->add_option("--key", a.show.key, "Only this part, such as imap or imap.listeners");
    show->add_flag("--all", a.show.all, "Also those that have their default value");
    show->add_flag("--secrets", a.show.secrets, "Show passwords");
    show->callback([&] { line.exit_code = print(settings::config_show(settings_table(), a.file, a.show)); });

    auto* defaults =
        config->add_subcommand("defaults", "Print every setting with its default and what it means");
    defaults->callback([&] { line.exit_code = print(settings::config_defaults(settings_table())); });

    auto* manual = config->add_subcommand("manual", "Print the manual of the configuration file");
    manual->add_flag("--markdown", a.markdown, "As Markdown instead of a man page");
    manual->callback([&] { line.exit_code = print(settings::config_manual(settings_table(), !a.markdown)); });
}

}  // namespace postrider::app
