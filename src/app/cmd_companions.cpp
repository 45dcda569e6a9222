#include <fmt/core.h>

#include <CLI/CLI.hpp>
#include <fstream>
#include <iostream>
#include <iterator>
#include <nlohmann/json.hpp>

#include "app/commands.h"
#include "filter/milter/visit.h"
#include "filter/scan/afsl.h"
#include "filter/scan/factory.h"
#include "net/run_task.h"

/// Trying a scanner or a milter on one message, without a server.
namespace postrider::app {
namespace {

using nlohmann::json;

constexpr int exit_match = 3;
constexpr std::size_t largest_message = 256 << 20;

struct CompanionArguments {
    std::string address, protocol, command, file = "-";
    std::string sender = "sender@example.org", helo = "localhost", client = "127.0.0.1";
    std::vector<std::string> recipients{"recipient@example.org"};
    std::vector<std::string> macros;
    std::uint32_t version = 6;
    unsigned seconds = 60;
    bool json = false;
    bool check = false;
    std::string out;
};

/// The message with CRLF line ends; nothing when it cannot be read.
std::optional<std::string> read_message(const std::string& file) {
    std::string text;
    if (file == "-") {
        text.assign(std::istreambuf_iterator<char>{std::cin}, {});
    } else {
        std::ifstream in{file, std::ios::binary};
        if (!in) return std::nullopt;
        text.assign(std::istreambuf_iterator<char>{in}, {});
    }
    if (text.size() > largest_message) return std::nullopt;
    std::string message;
    message.reserve(text.size() + text.size() / 40);
    for (std::size_t i = 0; i < text.size(); ++i) {
        if (text[i] == '\n' && (i == 0 || text[i - 1] != '\r')) message += '\r';
        message += text[i];
    }
    return message;
}

int fail(const std::string& what) {
    fmt::print(stderr, "postrider: {}\n", what);
    return exit_failed;
}

filter::Subject subject_of(const CompanionArguments& a, const std::string& message) {
    filter::Subject subject;
    subject.message = message;
    subject.sender = a.sender;
    subject.recipients = a.recipients;
    subject.client = a.client;
    subject.helo = a.helo;
    return subject;
}

std::string shown(const std::string& name, const json& value) {
    return fmt::format("{}: {}\n", name, value.is_string() ? value.get<std::string>() : value.dump());
}

void print(const json& result, bool as_json) {
    if (as_json) {
        fmt::print("{}\n", result.dump(-1, ' ', false, json::error_handler_t::replace));
        return;
    }
    for (const auto& [name, value] : result.items()) fmt::print("{}", shown(name, value));
}

std::expected<filter::MadeConnector, std::string> connector_of(const CompanionArguments& a) {
    if (!a.command.empty()) {
        filter::IntegratedFilter program;
        program.name = "program";
        program.command = a.command;
        program.request_timeout = std::chrono::seconds{a.seconds};
        return make_connector(program, {});
    }
    filter::SocketFilter socket;
    socket.name = "scanner";
    socket.address = a.address;
    socket.protocol_file = a.protocol;
    socket.request_timeout = socket.read_timeout = std::chrono::seconds{a.seconds};
    std::string source;
    if (!filter::built_in_protocol(a.protocol)) {
        auto file = filter::find_protocol_file(a.protocol, {".", {"/usr/share/postrider/filters"}});
        if (!file) return std::unexpected(file.error());
        source = std::move(file->second);
    }
    return make_connector(socket, source, {});
}

int check_protocol(const CompanionArguments& a) {
    const auto file = filter::find_protocol_file(a.protocol, {".", {"/usr/share/postrider/filters"}});
    if (!file) return fail(file.error());
    const auto program = filter::afsl::parse(file->second);
    if (!program)
        return fail(fmt::format("{}:{}: {}", file->first, program.error().line, program.error().what));
    fmt::print("{}: good\n", file->first);
    return 0;
}

int scan(const CompanionArguments& a) {
    if (a.check) return check_protocol(a);
    if (a.command.empty() && (a.address.empty() || a.protocol.empty()))
        return fail("--address with --protocol, or --command, is needed");
    auto made = connector_of(a);
    if (!made) return fail(made.error());
    const auto message = read_message(a.file);
    if (!message) return fail(a.file + " cannot be read");
    const auto found = made->connector->ask(subject_of(a, *message));
    if (!found) return fail(fmt::format("{}: {}", made->title, found.error().text));
    const bool match = found->kind == filter::Finding::Kind::match;
    json result{{"scanner", made->title}, {"verdict", match ? "match" : "pass"}, {"text", found->text}};
    if (found->spam_level) result["spamLevel"] = *found->spam_level;
    if (found->virus_level) result["virusLevel"] = *found->virus_level;
    for (const auto& [name, value] : found->headers) result["headers"].push_back(name + ": " + value);
    if (found->replacement) result["replacement"] = found->replacement->size();
    print(result, a.json);
    return match ? exit_match : 0;
}

json decision_json(const filter::milter::Decision& decision) {
    using Kind = filter::milter::Decision::Kind;
    switch (decision.kind) {
        case Kind::none: return "none";
        case Kind::discard: return "discard";
        case Kind::reject:
        case Kind::tempfail:
        case Kind::close: break;
    }
    std::string text;
    for (const std::string& line : decision.lines) text += (text.empty() ? "" : " / ") + line;
    return fmt::format("{} {} {}", decision.code, decision.status, text);
}

net::Task<json> visit_milter(filter::milter::Connections& connections, const CompanionArguments& a,
                             const std::string& message, std::string& out) {
    using namespace filter::milter;
    Visit::Session session;
    session.client = {a.helo, a.client, 40000};
    session.host = "localhost";
    MilterSettings settings;
    settings.name = "milter";
    settings.address = a.address;
    settings.protocol_version = a.version;
    settings.command_timeout = settings.content_timeout = std::chrono::seconds{a.seconds};
    settings.on_failure = FailureMode::tempfail;
    Visit visit{connections, std::move(session)};
    visit.add(settings);
    for (const std::string& macro : a.macros) {
        const std::size_t equals = std::min(macro.find('='), macro.size());
        visit.macro(macro.substr(0, equals), macro.substr(std::min(equals + 1, macro.size())));
    }
    json result;
    std::vector<std::string> none;
    Decision decision = co_await visit.connected();
    if (!decision.refuses()) {
        std::string helo = a.helo;
        decision = co_await visit.helo(std::move(helo));
    }
    if (!decision.refuses()) {
        std::string path = "<" + a.sender + ">";
        decision = co_await visit.mail(std::move(path), none);
    }
    for (const std::string& recipient : a.recipients) {
        if (decision.refuses()) break;
        std::string path = "<" + recipient + ">";
        decision = co_await visit.rcpt(std::move(path), none);
    }
    Content content;
    content.decision = decision;
    if (!decision.refuses()) content = co_await visit.message(message);
    co_await visit.close();
    result["decision"] = decision_json(content.decision);
    for (const auto& one : content.recipients)
        result[one.add ? "addedRecipients" : "removedRecipients"].push_back(one.address);
    if (content.sender) result["sender"] = *content.sender;
    if (content.quarantine) result["quarantine"] = *content.quarantine;
    result["changed"] = content.message.has_value();
    out = content.message.value_or(message);
    co_return result;
}

int milter(const CompanionArguments& a) {
    const auto message = read_message(a.file);
    if (!message) return fail(a.file + " cannot be read");
    net::asio::io_context context{1};
    observe::Metrics metrics;
    filter::milter::Connections connections{nullptr, metrics};
    std::string out;
    const json result = net::run_task(context, visit_milter(connections, a, *message, out));
    print(result, a.json);
    if (!a.out.empty() && !(std::ofstream{a.out, std::ios::binary} << out).flush())
        return fail(a.out + " cannot be written");
    return result["decision"] == "none" ? 0 : exit_match;
}

void add_message_options(CLI::App& command, CompanionArguments& a) {
    command.add_option("message", a.file, "A file with the message; - is standard input")
        ->capture_default_str();
    command.add_option("--sender", a.sender, "Reverse path of the envelope")->capture_default_str();
    command.add_option("--recipient", a.recipients, "Recipients of the envelope")->capture_default_str();
    command.add_option("--client", a.client, "Address of the host it comes from")->capture_default_str();
    command.add_option("--helo", a.helo, "What that host calls itself")->capture_default_str();
    command.add_option("--timeout", a.seconds, "Seconds that it may take")->capture_default_str();
    command.add_flag("--json", a.json, "As one JSON object");
}

}  // namespace

void add_companion_commands(CommandLine& line) {
    auto& s = line.keep<CompanionArguments>();
    auto* scan_command =
        line.app.add_subcommand("scan", "Try a scanner on a message; exit code 3: it has found something");
    scan_command->add_option("--address", s.address, "Where it listens: inet://host:port or local:///path");
    scan_command->add_option("--protocol", s.protocol,
                             "A protocol file, or one of clam-av.afsl, spamassassin.afsl, rspamd.afsl");
    scan_command->add_option("--command", s.command, "A program to be tried instead");
    scan_command->add_flag("--check", s.check, "Only say what is wrong with the protocol file");
    add_message_options(*scan_command, s);
    scan_command->callback([&] { line.exit_code = scan(s); });

    auto& m = line.keep<CompanionArguments>();
    auto* milter_command =
        line.app.add_subcommand("milter", "Try a milter on a message; exit code 3: it has refused it");
    milter_command->add_option("--address", m.address, "Where it listens: inet://host:port or local:///path")
        ->required();
    milter_command->add_option("--macro", m.macros, "NAME=VALUE, such as {auth_authen}=alice");
    milter_command->add_option("--protocol-version", m.version, "2 to 6")->capture_default_str();
    milter_command->add_option("--out", m.out, "A file for the message as it is afterwards");
    add_message_options(*milter_command, m);
    milter_command->callback([&] { line.exit_code = milter(m); });
}

}  // namespace postrider::app
