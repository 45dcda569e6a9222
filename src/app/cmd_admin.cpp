#include <fcntl.h>
#include <fmt/core.h>
#include <grp.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <cstring>
#include <deque>
#include <filesystem>
#include <iostream>

#include "admin/control.h"
#include "admin/manual.h"
#include "admin/present.h"
#include "app/commands.h"
#include "app/control_socket.h"
#include "app/server.h"
#include "app/settings.h"
#include "cli/manual.h"
#include "settings/reader.h"
#include "settings/writer.h"

namespace postrider::app {
namespace {

namespace fs = std::filesystem;
using admin::Error;
using admin::Json;
using admin::Operation;
using admin::Type;

/// What the command line said for each argument of one operation, in its order.
struct Given {
    struct One {
        std::string text;
        std::vector<std::string> list;
        bool flag = false;
        const CLI::Option* option = nullptr;
    };
    std::deque<One> all;  // never moves what it holds: the parser keeps references
};

std::expected<Json, std::string> value_of(const admin::Argument& argument, const Given::One& given) {
    const std::string& text = given.text;
    switch (argument.type) {
        case Type::flag: return Json(given.flag);
        case Type::list: return Json(given.list);
        case Type::number: {
            std::uint64_t number = 0;
            auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
            if (error != std::errc{} || end != text.data() + text.size())
                return std::unexpected(fmt::format("{} must be a number, not '{}'", argument.name, text));
            return Json(number);
        }
        case Type::secret: {
            if (text != "-") return Json(text);
            auto secret = read_secret(argument.name);
            if (!secret)
                return std::unexpected(
                    fmt::format("{} was to be read from standard input, which is at its end", argument.name));
            return Json(*secret);
        }
        case Type::path: return Json(fs::absolute(text).lexically_normal().string());
        case Type::text: break;
    }
    return Json(text);
}

std::expected<Json, std::string> arguments_of(const Operation& operation, const Given& given) {
    Json arguments = Json::object();
    for (std::size_t i = 0; i < operation.arguments.size(); ++i) {
        const admin::Argument& one = operation.arguments[i];
        if (given.all[i].option->count() == 0) continue;
        auto value = value_of(one, given.all[i]);
        if (!value) return std::unexpected(value.error());
        arguments[std::string{one.name}] = std::move(*value);
    }
    return arguments;
}

/// Progress on standard error: one line that is written over on a terminal, one per step elsewhere.
class ProgressPrinter {
public:
    explicit ProgressPrinter(bool asked)
        : terminal_{::isatty(STDERR_FILENO) == 1}, shown_{asked || terminal_} {}
    ~ProgressPrinter() {
        if (terminal_ && used_) fmt::print(stderr, "\r\033[K");
    }
    void operator()(std::string_view what, int percent) {
        if (!shown_) return;
        used_ = true;
        if (terminal_)
            fmt::print(stderr, "\r\033[K{} {} %", what, percent);
        else
            fmt::print(stderr, "{} {} %\n", what, percent);
        std::fflush(stderr);
    }

private:
    bool terminal_, shown_, used_ = false;
};

/// Through the server that runs on these data; nothing when none does.
std::optional<admin::Result> run_there(const fs::path& directory, const admin::Request& request,
                                       ProgressPrinter& progress) {
    auto address = SocketAddress::of(directory / "run" / "control");
    if (!address) return std::nullopt;
    Descriptor socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
    if (!socket.is_open() || ::connect(socket.get(), address->get(), address->size()) != 0) {
        if (errno == EACCES || errno == EPERM)
            return std::unexpected(
                Error{Error::Kind::not_allowed,
                      fmt::format("{}: {}; only the owner of the data may administer the server",
                                  (directory / "run" / "control").string(), std::strerror(errno))});
        return std::nullopt;
    }
    if (!send_all(socket.get(), admin::request_line(request)))
        return std::unexpected(
            Error{Error::Kind::storage, "The server closed the connection before it took the request"});
    LineReader lines{socket.get(), 256u << 20};
    while (true) {
        auto line = lines.next();
        if (!line)
            return std::unexpected(Error{
                Error::Kind::storage,
                "The server ended before it answered; look whether the operation was done, and try again"});
        auto answer = admin::parse_answer(*line);
        if (auto* result = std::get_if<admin::Result>(&answer)) return std::move(*result);
        const auto& note = std::get<admin::ProgressNote>(answer);
        progress(note.what, note.percent);
    }
}

/// What root makes in somebody else's data the server could not open afterwards: so become the owner.
std::expected<void, std::string> become_owner(const fs::path& directory) {
    struct stat status {};
    if (::geteuid() != 0 || ::stat(directory.c_str(), &status) != 0 || status.st_uid == 0) return {};
    if (::setgroups(0, nullptr) != 0 || ::setgid(status.st_gid) != 0 || ::setuid(status.st_uid) != 0)
        return std::unexpected(
            fmt::format("Cannot become the owner of {}: {}", directory.string(), std::strerror(errno)));
    return {};
}

std::unexpected<Error> failed(std::string what) {
    return std::unexpected(Error{Error::Kind::storage, std::move(what)});
}

/// On the data of a server that is not running.
admin::Result run_here(const fs::path& directory, const Operation& operation, const Json& arguments,
                       ProgressPrinter& progress) {
    if (operation.needs_server)
        return std::unexpected(
            Error{Error::Kind::not_running, fmt::format("No server runs on {}, and '{}' asks what a running "
                                                        "one holds in memory",
                                                        directory.string(), operation.name)});
    std::error_code error;
    if (!fs::exists(directory / "kv", error) && operation.name != "domain add"
        && operation.name != "admin password")
        return failed(fmt::format(
            "There are no data of a server in {}; say where they are with --data, or begin with `domain add`",
            directory.string()));
    if (auto ok = become_owner(directory); !ok) return failed(ok.error());
    ServerOptions options;
    options.directory = directory;
    options.network = false;
    const fs::path file = configuration_file(directory.string());
    if (fs::exists(file, error)) {
        auto text = settings::load_file(file.string());
        if (!text) return failed(text.error());
        auto loaded = settings::load(settings_table(), *text, file.string());
        if (!loaded.ok())
            fmt::print(stderr, "postrider: {} has errors; `postrider config check {}` shows them\n",
                       file.string(), file.string());
        options.settings = std::move(loaded.values);
    }
    auto server = Server::open(std::move(options));
    if (!server) return failed(server.error());
    try {
        return admin::run((*server)->admin_context(), operation.name, arguments,
                          [&](std::string_view what, int percent) { progress(what, percent); });
    } catch (const std::exception& fault) {
        return failed(std::string{"The operation failed: "} + fault.what());
    }
}

int run_operation(const CommandLine& line, const Operation& operation, const Given& given) {
    auto arguments = arguments_of(operation, given);
    if (!arguments) {
        fmt::print(stderr, "postrider: {}\n", arguments.error());
        return exit_usage;
    }
    admin::Result result = run_operation(line, operation.name, *arguments);
    if (!result) {
        if (line.json)
            fmt::print("{}", admin::answer_line(result));
        else
            fmt::print(stderr, "postrider: {}\n", result.error().what);
        return result.error().kind == Error::Kind::usage ? exit_usage : exit_failed;
    }
    fmt::print("{}", line.json ? admin::to_text(*result) + "\n" : admin::present(*result));
    // `storage verify && ...` goes on only when nothing was found.
    auto clean = result->find("clean");
    return clean != result->end() && clean->is_boolean() && !clean->get<bool>() ? exit_failed : 0;
}

/// The subcommand for `words`, made with those above it.
CLI::App* subcommand(CLI::App& root, const std::vector<std::string>& words, std::string_view chapter_help) {
    CLI::App* at = &root;
    for (const std::string& word : words) {
        auto known = at->get_subcommands([&](const CLI::App* one) { return one->get_name() == word; });
        CLI::App* next = known.empty() ? nullptr : known.front();
        if (!next) {
            next = at->add_subcommand(word, at == &root ? std::string{chapter_help} : std::string{});
            next->fallthrough();
        }
        if (at != &root) at->require_subcommand(1);
        at = next;
    }
    return at;
}

void add_operation(CommandLine& line, const admin::Chapter& chapter, const Operation& operation) {
    CLI::App* command =
        subcommand(line.app, CLI::detail::split(std::string{operation.name}, ' '), chapter.help);
    command->description(std::string{operation.help});
    Given& given = line.keep<Given>();
    for (const admin::Argument& one : operation.arguments) {
        Given::One& value = given.all.emplace_back();
        std::string name = (one.by_place() ? "" : "--") + std::string{one.name}, help{one.help};
        if (one.type == Type::flag) {
            value.option = command->add_flag(name, value.flag, help);
            continue;
        }
        // As text even where it is a number: so every value is looked at in one place.
        CLI::Option* option = one.type == Type::list ? command->add_option(name, value.list, help)
                                                     : command->add_option(name, value.text, help);
        option->required(one.required)->type_name(one.type == Type::number ? "NUMBER" : "TEXT");
        value.option = option;
    }
    command->callback(
        [&line, &operation, &given] { line.exit_code = run_operation(line, operation, given); });
}

}  // namespace

std::optional<std::string> read_secret(std::string_view name) {
    termios before{};
    bool terminal = ::isatty(STDIN_FILENO) == 1 && ::tcgetattr(STDIN_FILENO, &before) == 0;
    if (terminal) {
        fmt::print(stderr, "{}: ", name);
        termios silent = before;
        silent.c_lflag &= ~static_cast<tcflag_t>(ECHO);
        ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &silent);
    }
    std::string line;
    bool ok = static_cast<bool>(std::getline(std::cin, line));
    if (terminal) {
        ::tcsetattr(STDIN_FILENO, TCSAFLUSH, &before);
        fmt::print(stderr, "\n");
    }
    if (line.ends_with('\r')) line.pop_back();
    if (!ok) return std::nullopt;
    return line;
}

std::string configuration_file(const std::string& directory) {
    std::string own = directory + "/run/postrider.cfg", common = "/etc/postrider/postrider.cfg";
    std::error_code error;
    return !fs::exists(own, error) && fs::exists(common, error) ? common : own;
}

admin::Result run_operation(const CommandLine& line, std::string_view name, const Json& arguments) {
    const Operation* operation = admin::find_operation(name);
    if (!operation) return std::unexpected(Error{Error::Kind::usage, fmt::format("No operation '{}'", name)});
    fs::path directory = fs::absolute(line.data).lexically_normal();
    ProgressPrinter progress{line.progress};
    admin::Request request{std::string{name}, arguments};
    auto there = run_there(directory, request, progress);
    return there ? std::move(*there) : run_here(directory, *operation, arguments, progress);
}

void add_admin_commands(CommandLine& line) {
    line.app.add_option("-W,--data", line.data, "Working directory of the server, with its data")
        ->envname("POSTRIDER_DATA")
        ->capture_default_str();
    line.app.add_flag("--json", line.json, "Print results as JSON");
    line.app.add_flag("--progress", line.progress,
                      "Show the progress of long work also when it is not on a terminal");
    for (const admin::Chapter& chapter : admin::chapters())
        for (const Operation& operation : chapter.operations) add_operation(line, chapter, operation);

    bool& markdown = line.keep<bool>();
    bool& roff = line.keep<bool>();
    CLI::App* help = line.app.add_subcommand("help", "Print what the commands are");
    help->add_flag("--markdown", markdown, "The manual's chapter on them");
    help->add_flag("--roff", roff, "The commands as a part of the man page");
    bool& dialogue = line.keep<bool>();
    help->add_flag("--cli", dialogue, "The manual's chapter on the CLI service, in markdown");
    help->callback([&line, &markdown, &roff, &dialogue] {
        if (dialogue)
            fmt::print("{}", cli::manual_markdown(cli::Tree{settings_table()}));
        else
            fmt::print("{}", markdown ? admin::manual_markdown()
                             : roff   ? admin::manual_roff()
                                      : line.app.help());
    });
}

}  // namespace postrider::app
