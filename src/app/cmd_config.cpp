#include <fmt/core.h>

#include <CLI/CLI.hpp>

#include "app/commands.h"
#include "app/settings.h"
#include "settings/manual.h"
#include "settings/reader.h"
#include "settings/writer.h"

namespace postrider::app {
namespace {

struct ConfigArguments {
    std::string file = "/etc/postrider/postrider.cfg";
    bool all = false;
    bool markdown = false;
};

/// Loads the file and prints what is wrong with it; nullopt when it cannot be read at all.
std::optional<settings::Loaded<Settings>> load(const std::string& file) {
    auto text = settings::load_file(file);
    if (!text) {
        fmt::print(stderr, "postrider: {}\n", text.error());
        return std::nullopt;
    }
    auto loaded = settings::load(settings_table(), *text, file);
    for (const auto& one : loaded.found) fmt::print(stderr, "{}\n", one.text());
    return loaded;
}

int check(const std::string& file) {
    auto loaded = load(file);
    if (!loaded || !loaded->ok()) return 1;
    fmt::print("{}: no errors, {} warnings\n", file, loaded->found.size());
    return 0;
}

int show(const ConfigArguments& arguments) {
    auto loaded = load(arguments.file);
    if (!loaded) return 1;
    settings::WriteOptions options;
    options.all = arguments.all;
    options.secrets = false;
    fmt::print("{}", settings::write(settings_table(), loaded->values, options));
    return loaded->ok() ? 0 : 1;
}

int defaults() {
    settings::WriteOptions options;
    options.all = true;
    options.comments = true;
    fmt::print("{}", settings::write(settings_table(), Settings{}, options));
    return 0;
}

}  // namespace

void add_config_commands(CommandLine& line) {
    auto& a = line.keep<ConfigArguments>();
    auto* config = line.app.add_subcommand("config", "Check and show the configuration");
    config->require_subcommand(1);

    auto* check_command = config->add_subcommand("check", "Say what is wrong with a configuration file");
    check_command->add_option("file", a.file, "The file")->capture_default_str();
    check_command->callback([&] { line.exit_code = check(a.file); });

    auto* show_command = config->add_subcommand("show", "Print the settings that a file gives");
    show_command->add_option("file", a.file, "The file")->capture_default_str();
    show_command->add_flag("--all", a.all, "Also those that have their default value");
    show_command->callback([&] { line.exit_code = show(a); });

    auto* defaults_command = config->add_subcommand("defaults", "Print every setting with its default and what it means");
    defaults_command->callback([&] { line.exit_code = defaults(); });

    auto* manual = config->add_subcommand("manual", "Print the manual of the configuration file");
    manual->add_flag("--markdown", a.markdown, "As Markdown instead of a man page");
    manual->callback([&] {
        auto page = a.markdown ? settings::manual_markdown(settings_table()) : settings::manual_roff(settings_table());
        fmt::print("{}", page);
    });
}

}  // namespace postrider::app
