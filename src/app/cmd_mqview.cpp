#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <filesystem>

#include "admin/mqview.h"
#include "app/commands.h"
#include "queue/entry.h"

namespace postrider::app {
namespace {

namespace fs = std::filesystem;

struct MqviewArguments {
    std::string root, what;
};

/// The working directory of the server whose queue's directory was named: the directory itself, or the one
/// above it.
std::optional<fs::path> data_of(fs::path root) {
    std::error_code error;
    root = fs::absolute(root, error).lexically_normal();
    for (const fs::path& one : {root, root.parent_path(), root.parent_path().parent_path()})
        if (fs::exists(one / "kv", error)) return one;
    return std::nullopt;
}

int mqview(CommandLine& line, const MqviewArguments& arguments) {
    const std::string here = fs::current_path().string();
    const bool by_file = arguments.root == "@";
    auto id =
        by_file ? admin::id_of_status_file(arguments.what, here) : queue::parse_queue_id(arguments.what);
    if (!id) {
        fmt::print(stderr, "mqview: '{}' names no message of a queue\n", arguments.what);
        return exit_usage;
    }
    auto data = by_file ? data_of(here) : data_of(arguments.root);
    std::string file =
        by_file ? arguments.what : (fs::path{arguments.root} / admin::status_file(*id)).string();
    if (data) line.data = data->string();
    const admin::Json arguments_of_show{{"id", queue::to_string(*id)}};
    auto shown = run_operation(line, "queue show", arguments_of_show);
    if (!shown) {
        fmt::print(stderr, "mqview: {}\n", shown.error().what);
        return exit_failed;
    }
    fmt::print("{}", admin::mqview_text(*shown, file));
    return 0;
}

}  // namespace

void add_mqview_command(CommandLine& line) {
    auto& arguments = line.keep<MqviewArguments>();
    auto* command = line.app.add_subcommand(
        "mqview",
        "Show a message of the queue in the layout of the tool of that name: mqview @ ID, mqview @ "
        "STATUS-FILE or mqview QUEUE-ROOT ID");
    command->add_option("root", arguments.root, "@ or the directory of the queue")->required();
    command->add_option("what", arguments.what, "Id of the message or its status file")->required();
    command->callback([&line, &arguments] { line.exit_code = mqview(line, arguments); });
}

}  // namespace postrider::app
