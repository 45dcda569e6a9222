#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "app/commands.h"
#include "base/clock.h"
#include "mime/header.h"
#include "sieve/compose.h"
#include "sieve/sieve.h"

/// Trying a Sieve script without a server: is it right, and what would it do with that message?
namespace postrider::app {
namespace {

struct SieveArguments {
    std::string script, message;
    bool compatible = false;
    bool imap = false;
    std::string include_directory;
    std::string sender, recipient = "owner@example.org";
    std::vector<std::string> folders;
    unsigned spam_level = 0, virus_level = 0;
    bool show_message = false;
};

std::optional<std::string> read_file(const std::string& path) {
    std::ifstream in{path, std::ios::binary};
    if (!in || std::filesystem::is_directory(path)) return std::nullopt;
    std::string text;
    text.assign(std::istreambuf_iterator<char>{in}, {});
    return text;
}

/// A world in which the script is its owner's first, and nothing has happened yet.
class TestWorld final : public sieve::Environment {
public:
    explicit TestWorld(const SieveArguments& arguments) : arguments_{arguments} {}
    Time now() const override { return clock_.now(); }
    bool mailbox_exists(std::string_view name) override {
        if (arguments_.folders.empty()) return true;
        return std::find(arguments_.folders.begin(), arguments_.folders.end(), name)
               != arguments_.folders.end();
    }
    std::vector<std::string> own_addresses() override { return {arguments_.recipient}; }
    std::optional<unsigned> spam_level() override {
        return arguments_.spam_level == 0 ? std::nullopt : std::optional{arguments_.spam_level};
    }
    std::optional<unsigned> virus_level() override {
        return arguments_.virus_level == 0 ? std::nullopt : std::optional{arguments_.virus_level};
    }

private:
    const SieveArguments& arguments_;
    SystemClock clock_;
};

/// Compiles and says what there is to say; null when it cannot run.
std::shared_ptr<const sieve::Script> compile(const SieveArguments& arguments) {
    auto text = read_file(arguments.script);
    if (!text) {
        fmt::print(stderr, "postrider: {} cannot be read\n", arguments.script);
        return nullptr;
    }
    sieve::Options options;
    options.compatible = arguments.compatible;
    if (arguments.imap) options.allowed.set(sieve::bit(sieve::Extension::imapsieve));
    options.includes_must_exist = true;
    std::filesystem::path directory = arguments.include_directory.empty()
                                          ? std::filesystem::path{arguments.script}.parent_path()
                                          : std::filesystem::path{arguments.include_directory};
    options.find_script = [directory](sieve::Location, const std::string& name) {
        auto found = read_file((directory / name).string());
        return found ? found : read_file((directory / (name + ".sieve")).string());
    };
    auto compiled = sieve::compile(*text, options);
    if (!compiled) {
        for (const sieve::Problem& problem : compiled.error())
            fmt::print(stderr, "{}: {}\n", arguments.script, problem.shown());
        return nullptr;
    }
    for (const sieve::Problem& problem : compiled->warnings)
        fmt::print(stderr, "{}: {}\n", arguments.script, problem.shown());
    return compiled->script;
}

int check(const SieveArguments& arguments) {
    auto script = compile(arguments);
    if (!script) return exit_failed;
    std::string used = sieve::list_extensions(sieve::required(*script));
    fmt::print("{} is valid{}{}\n", arguments.script, used.empty() ? "" : "; it requires: ", used);
    return 0;
}

int test(SieveArguments& arguments) {
    auto script = compile(arguments);
    if (!script) return exit_failed;
    auto text = read_file(arguments.message);
    if (!text) {
        fmt::print(stderr, "postrider: {} cannot be read\n", arguments.message);
        return exit_failed;
    }
    std::string message = sieve::compose::crlf(*text);
    if (arguments.sender.empty()) {
        auto path = mime::find_field(message, "Return-Path");
        auto from = mime::find_field(message, "From");
        auto addresses = sieve::read_addresses(path ? *path : from.value_or(""));
        if (!addresses.empty()) arguments.sender = addresses.front().all;
    }
    if (arguments.sender == "<>") arguments.sender.clear();
    TestWorld world{arguments};
    sieve::RunLimits limits;
    limits.trace_tests = true;
    sieve::Message mail{"", message, {.from = arguments.sender, .to = arguments.recipient}};
    sieve::Result result = sieve::run(*script, mail, world, limits);
    for (const sieve::TraceLine& line : result.trace)
        fmt::print("{}{}\n", line.line == 0 ? std::string{"        "} : fmt::format("line {:<3}", line.line),
                   line.text);
    for (const sieve::Problem& problem : result.warnings) fmt::print(stderr, "{}\n", problem.shown());
    fmt::print("\nActions:\n");
    for (const sieve::Action& action : result.actions) fmt::print("  {}\n", sieve::describe(action));
    for (const sieve::Mark& mark : result.marks)
        fmt::print("  (remembered for {} s: {})\n", mark.lifetime.count(),
                   mark.key.substr(mark.key.find('\0') + 1));
    if (arguments.show_message) fmt::print("\n{}", mail.text());
    if (!result.error) return 0;
    fmt::print(stderr, "{}: {}\n", arguments.script, result.error->shown());
    return exit_failed;
}

}  // namespace

void add_sieve_command(CommandLine& line) {
    auto& a = line.keep<SieveArguments>();
    CLI::App* sieve = line.app.get_subcommand("sieve");  // with what a server does: sieve run
    auto script = [&a](CLI::App* command) {
        command->add_option("script", a.script, "The script")->required();
        command->add_flag("--compatible", a.compatible, "With the stricter limits of older interpreters");
        command->add_flag("--imap", a.imap, "As a script that runs on IMAP events (RFC 6785)");
        command->add_option("--include", a.include_directory,
                            "Where included scripts lie, NAME or NAME.sieve; otherwise beside the script");
    };
    auto* checked = sieve->add_subcommand("check", "Say what is wrong with a script");
    script(checked);
    checked->callback([&] { line.exit_code = check(a); });

    auto* tried = sieve->add_subcommand("test", "Say what a script would do with a message, and why");
    script(tried);
    tried->add_option("message", a.message, "The message")->required();
    tried->add_option("--from", a.sender, "Envelope sender, <> for none; otherwise Return-Path or From");
    tried->add_option("--to", a.recipient, "Envelope recipient, an address of the owner")
        ->capture_default_str();
    tried->add_option("--folder", a.folders, "A folder that exists; without this, all do");
    tried->add_option("--spam-level", a.spam_level, "1 to 10, as a scanner would say")
        ->check(CLI::Range(1, 10));
    tried->add_option("--virus-level", a.virus_level, "1 to 5")->check(CLI::Range(1, 5));
    tried->add_flag("--show", a.show_message, "Also print the message as the script leaves it");
    tried->callback([&] { line.exit_code = test(a); });
}

}  // namespace postrider::app
