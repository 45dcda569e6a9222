#include <fmt/core.h>

#include <algorithm>

#include "cli/contexts/branches.h"
#include "cli/contexts/server_filters.h"
#include "cli/contexts/settings_commands.h"
#include "cli/wire/layout.h"
#include "settings/table.h"
#include "settings/writer.h"

/// SERVER and everything below it: made from the settings' tables, so that a service which brings its table
/// has its contexts.
namespace postrider::cli {
namespace {

using settings::Kind;

/// How the dialogue calls what a table calls otherwise.
struct Spelling {
    std::string_view row;
    std::string_view word;    ///< behind CONFIG, ADD, LIST
    std::string_view prompt;  ///< part of the prompt
    std::string_view permission = {};
    Exit exit = Exit::done;
};
constexpr Spelling spellings[] = {
    {"log", "LOG", "log", "manageLog", Exit::commit},
    {"cli", "CLI", "cli", "manageCLI", Exit::commit},
    {"smtpIncoming", "SMTP-INCOMING", "smtpIncoming", "manageSMTPIn", Exit::commit},
    {"smtpOutgoing", "SMTP-OUTGOING", "smtpOutgoing", "manageSMTPOut", Exit::commit},
    {"processing", "PROCESSING", "processing", "manageProcessing", Exit::commit},
    {"pop3", "POP3", "pop3", "managePOP3", Exit::commit},
    {"manageSieve", "ManageSieve", "manageSieve", "manageIMAP", Exit::commit},
    {"imap", "IMAP", "imap", "manageIMAP", Exit::commit},
    {"dnr", "DNR", "dnr", "manageDNR", Exit::commit},
    {"rpop", "RPOP", "rpop", "manageRPOP", Exit::commit},
    {"webmail", "WEBMAIL", "webmail", "manageWebMail", Exit::commit},
    {"webadmin", "WEBADMIN", "webadmin", "manageWebAdmin", Exit::commit},
    {"reporting", "REPORT", "report", "manageReporting", Exit::commit},
    {"serviceAccessControl", "AccessControl", "accessControl"},
    {"sslControl", "SSLCONTROL", "sslControl"},
    {"listeners", "Listener", "listener", {}, Exit::commit},
    {"allowRules", "AllowRule", "allowRule"},
    {"denyRules", "DenyRule", "denyRule"},
    {"rules", "Rule", "rule"},
    {"nameServers", "Nameserver", "nameserver"},
    {"certificates", "Certificate", "certificate"},
    {"sizeRules", "SizeRule", "sizeRule"},
};

const Spelling* spelling(std::string_view row) {
    for (const Spelling& one : spellings)
        if (settings::same_name(one.row, row)) return &one;
    return nullptr;
}

/// "listeners" -> "listener": of sets that have no spelling of their own.
std::string singular(std::string_view row) {
    return std::string{row.ends_with('s') ? row.substr(0, row.size() - 1) : row};
}

Reply switch_service(Call& call) {
    auto bar = call.subject.find('|');
    std::string name = call.subject.substr(0, bar);
    bool start = call.subject.substr(bar + 1) == "start";
    if (name == "cli" && !start) return error("the service that you talk to cannot be stopped from here");
    auto done = start ? call.shell.live().start_service(name) : call.shell.live().stop_service(name);
    if (!done) return error(done.error());
    return ok();
}

Reply list_services(Call& call) {
    std::vector<Row> rows;
    const auto all = call.shell.live().services();
    for (const admin::ServiceState& one : all)
        rows.push_back({std::string{one.name}, one.running ? "running" : "stopped",
                        one.configured ? "yes" : "no", std::to_string(one.sessions)});
    return ok(table("Services", {"name", "state", "started with the server", "sessions"}, rows));
}

Reply show_config(Call& call) {
    admin::LiveServer& live = call.shell.live();
    auto now = live.settings();
    auto defaults = live.table().make();
    settings::WriteOptions options;
    options.secrets = false;
    std::string text = settings::print(settings::to_tree(live.table(), now.get(), defaults.get(), options));
    return ok(lines_of(text));
}

class Builder {
public:
    explicit Builder(std::vector<Context>& out) : out_{out} {}

    void server(settings::Table table) {
        Context context;
        context.path = "SERVER";
        context.prompt = "server";
        context.exit = Exit::commit;
        context.help = "The server: its services and what they share";
        context.attributes = table;
        context.read_only = {"services"};
        context.need = on_server("manageServerConfig");
        service_words_ = words_of_services(table);
        children(context, table, true);
        context.commands.push_back({"SAVE Config [<path>]", "Write the running configuration to its file",
                                    save_config, super_or_config()});
        context.commands.push_back(
            {"SHOW Config", "The running configuration as the file has it", show_config, super_or_config()});
        add_policy_commands(context);
        context.commands.push_back({"LIST Services", "What runs", list_services, super_or_config()});
        add_storage_commands(context);
        add_permission_command(context);
        out_.push_back(server_filters(context, table,
                                      [this](Context& in, const settings::Row& set, std::string_view word,
                                             std::string_view prompt, const std::string& subject) {
                                          object_set(in, set, {set.name, word, prompt}, subject);
                                      }));
        out_.push_back(std::move(context));
    }

private:
    static Need super_or_config() { return on_server("manageServerConfig"); }

    static std::vector<std::string> words_of_services(settings::Table table) {
        std::vector<std::string> words;
        const auto places = settings::open(table, nullptr);
        if (const settings::Place* services = settings::find(places, "services"))
            for (const settings::Choice& one : services->row.field.choices)
                if (one.in_this_build) words.emplace_back(one.word);
        return words;
    }

    /// Commands into what the object holds, and the contexts of that.
    void children(Context& context, settings::Table table, bool top) {
        for (const settings::Place& place : settings::open(table, nullptr)) {
            const settings::Row& row = place.row;
            if (top && is_filter_row(row.name)) continue;  // server_filters() has them
            if (row.field.kind == Kind::object) object(context, row, top);
            if (row.field.kind == Kind::object_set && row.name != "domainStorageParams")
                object_set(context, row);
        }
    }

    static std::string child_path(const Context& context, std::string_view word) {
        return context.path + "/" + std::string{word};
    }

    void object(Context& context, const settings::Row& row, bool top) {
        const Spelling* known = spelling(row.name);
        std::string word{known ? known->word : row.name};
        Context child;
        child.path = child_path(context, word);
        child.prompt = fmt::format("{}-{}", context.prompt, known ? known->prompt : row.name);
        child.exit = known ? known->exit : top ? Exit::commit : Exit::done;
        child.help = row.help;
        child.attributes = row.field.table();
        child.need =
            top ? on_server(known && !known->permission.empty() ? known->permission : "manageServerConfig")
                : context.need;
        std::string subject = fmt::format("{}|{}|{}", row.name, word, child.path);
        context.commands.push_back(
            {"CONFIG " + word, std::string{row.help}, configure_object, child.need, subject});
        children(child, row.field.table(), false);
        if (row.name == "dnr") add_resolver_commands(child, child.need);
        if (top) {
            if (std::ranges::find(service_words_, row.name) != service_words_.end()) {
                std::string service{row.name};
                child.commands.push_back({"START Service", "Start it now; nothing is written", switch_service,
                                          child.need, service + "|start"});
                child.commands.push_back({"STOP Service", "Stop it now; nothing is written", switch_service,
                                          child.need, service + "|stop"});
            }
            if (settings::same_name(row.name, "processing")) add_processing_commands(child);
            child.commands.push_back({"SAVE Config [<path>]", "Write the running configuration to its file",
                                      save_config, child.need});
        }
        out_.push_back(std::move(child));
    }

    void object_set(Context& context, const settings::Row& row) {
        const Spelling* known = spelling(row.name);
        const std::string word{known ? std::string{known->word} : singular(row.name)};
        const std::string prompt{known ? std::string{known->prompt} : singular(row.name)};
        object_set(context, row, {row.name, word, prompt, {}, known ? known->exit : Exit::done},
                   fmt::format("{}|{}|{}", row.name, word, child_path(context, word)));
    }

    void object_set(Context& context, const settings::Row& row, const Spelling& spelled,
                    const std::string& subject) {
        const std::string word{spelled.word};
        Context child;
        child.path = child_path(context, word);
        child.prompt = fmt::format("{}-{}", context.prompt, spelled.prompt);
        child.exit = spelled.exit;
        child.help = row.help;
        child.attributes = row.field.table();
        child.need = context.need;
        add_set_commands(context, row, word, child.need, subject);
        children(child, row.field.table(), false);
        out_.push_back(std::move(child));
    }

    std::vector<Context>& out_;
    std::vector<std::string> service_words_;
};

}  // namespace

std::vector<Context> server_branch(settings::Table server) {
    std::vector<Context> all;
    if (server.count != 0) Builder{all}.server(server);
    return all;
}

std::unique_ptr<Frame> make_server_frame(Shell& shell) {
    return std::make_unique<SettingsFrame>(shell, shell.tree().at("SERVER"), SettingsPath{}, nullptr);
}

}  // namespace postrider::cli
