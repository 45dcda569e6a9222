#include <fmt/core.h>

#include <fstream>

#include "admin/policy_script.h"
#include "cli/contexts/branches.h"
#include "cli/contexts/filters.h"
#include "cli/contexts/settings_frame.h"
#include "cli/wire/layout.h"
#include "settings/table.h"
#include "settings/value.h"
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

SettingsFrame& frame_of(Call& call) {
    return static_cast<SettingsFrame&>(call.frame);
}

/// Row name, word in commands, path of the context: what a command needs, in one subject. "object.row" is a
/// row of an object in the context's.
struct Subject {
    std::string row, word, context, object;
    static Subject of(const std::string& text) {
        auto first = text.find('|'), second = text.find('|', first + 1);
        Subject all{
            text.substr(0, first), text.substr(first + 1, second - first - 1), text.substr(second + 1), {}};
        if (auto dot = all.row.find('.'); dot != std::string::npos) {
            all.object = all.row.substr(0, dot);
            all.row.erase(0, dot + 1);
        }
        return all;
    }
    /// Where the row is.
    SettingsPath in(const SettingsFrame& frame) const {
        SettingsPath path = frame.path();
        if (!object.empty()) path.push_back({object});
        return path;
    }
};

Reply configure(Call& call) {
    Subject subject = Subject::of(call.subject);
    SettingsFrame& frame = frame_of(call);
    SettingsPath path = frame.path();
    path.push_back({subject.row});
    auto child = std::make_unique<SettingsFrame>(call.shell, call.shell.tree().at(subject.context),
                                                 std::move(path), &frame);
    if (child->values() == nullptr) return error(fmt::format("there is no {} any longer", subject.row));
    call.shell.enter(std::move(child));
    return ok();
}

settings::Value one_word(const std::string& text) {
    settings::Value value;
    value.words.push_back({text, 0});
    return value;
}

/// The set among the frame's rows, with the struct that it stands in.
std::optional<settings::Place> set_of(SettingsFrame& frame, const Subject& subject) {
    void* object = frame.holder();
    if (object == nullptr) return std::nullopt;
    SettingsTarget at{frame.table(), object};
    if (!subject.object.empty()) {
        auto below = find_target(at.table, at.object, {{subject.object}});
        if (!below) return std::nullopt;
        at = *below;
    }
    const auto places = settings::open(at.table, at.object);
    const settings::Place* place = settings::find(places, subject.row);
    if (place == nullptr) return std::nullopt;
    return *place;
}

Reply open_element(Call& call, const Subject& subject, const std::string& key, bool add) {
    SettingsFrame& frame = frame_of(call);
    SettingsPath path = subject.in(frame);
    path.push_back({subject.row, key});
    auto child = std::make_unique<SettingsFrame>(call.shell, call.shell.tree().at(subject.context),
                                                 std::move(path), &frame);
    if (add) {
        auto made = child->edit({SettingsEdit::Kind::add, subject.in(frame), subject.row, one_word(key)});
        if (!made) return error(made.error());
    } else if (child->values() == nullptr) {
        return error(fmt::format("there is no {} {}", subject.word, key));
    }
    const auto& more = call.given.rest();
    if (more.size() % 2 != 0) return error("attributes and values stand in pairs");
    for (std::size_t i = 0; i < more.size(); i += 2)
        if (auto set = child->set(more[i].text, to_value(more[i + 1])); !set) return error(set.error());
    call.shell.enter(std::move(child));
    return ok();
}

Reply add_element(Call& call) {
    return open_element(call, Subject::of(call.subject), call.given.text("key"), true);
}

/// To a set whose elements are told apart by their place: at its end.
Reply add_last(Call& call) {
    Subject subject = Subject::of(call.subject);
    auto set = set_of(frame_of(call), subject);
    if (!set) return error(fmt::format("there is no {}", subject.row));
    return open_element(call, subject, std::to_string(set->row.field.size(set->object) + 1), true);
}

Reply update_element(Call& call) {
    return open_element(call, Subject::of(call.subject), call.given.text("key"), false);
}

Reply remove_element(Call& call) {
    Subject subject = Subject::of(call.subject);
    SettingsFrame& frame = frame_of(call);
    auto gone = frame.edit(
        {SettingsEdit::Kind::remove, subject.in(frame), subject.row, one_word(call.given.text("key"))});
    if (!gone) return error(gone.error());
    return ok();
}

Reply show_element(Call& call) {
    Subject subject = Subject::of(call.subject);
    auto set = set_of(frame_of(call), subject);
    auto index = set ? find_element(*set, call.given.text("key")) : std::nullopt;
    if (!index) return error(fmt::format("there is no {} {}", subject.word, call.given.text("key")));
    const Context& context = call.shell.tree().at(subject.context);
    NamedValues values;
    for (const AttributePlace& place :
         attribute_places(context, set->row.field.element(set->object, *index))) {
        if (place.row.secret) continue;
        std::string text = shown_value(place.row, place.object);
        if (auto wanted = call.given.maybe("param")) {
            if (settings::same_name(*wanted, place.row.name)) return ok(one_attribute(place.row.name, text));
            continue;
        }
        values.emplace_back(place.row.name, std::move(text));
    }
    if (call.given.has("param"))
        return error(fmt::format("there is no attribute {}", call.given.text("param")));
    return ok(attributes(fmt::format("{} {}", subject.word, call.given.text("key")), values, Shown::child));
}

constexpr std::string_view filters_path = "SERVER/FILTERS";
constexpr std::string_view filters_row = "filters";  ///< whose attributes the context has

/// @param heading  "" = as the commands call them
Step<std::string> element_table(Call& call, const Subject& subject, std::string_view heading) {
    constexpr std::size_t most_columns = 5;
    auto set = set_of(frame_of(call), subject);
    if (!set) return std::unexpected(fmt::format("there is no {}", subject.row));
    const Context& context = call.shell.tree().at(subject.context);
    Row headings{std::string{key_name(set->row)}};
    std::vector<Row> rows;
    auto places_of = [&](void* element) {
        auto places = attribute_places(context, element);
        std::erase_if(places, [&](const AttributePlace& place) {
            return settings::same_name(place.row.name, key_name(set->row)) || place.row.secret;
        });
        if (places.size() >= most_columns) places.resize(most_columns - 1);
        return places;
    };
    // Clients of the filters' lists take what stands between the bars.
    const bool bare = subject.context.starts_with(filters_path);
    auto cell = [&](const AttributePlace& place) {
        if (!bare || place.row.field.kind != Kind::text) return shown_value(place.row, place.object);
        const settings::Value value = settings::get_value(place.row, place.object);
        return value.words.empty() ? std::string{} : value.words.front().text;
    };
    const auto blank = set->row.field.table().make();
    for (const AttributePlace& place : places_of(blank.get())) headings.emplace_back(place.row.name);
    for (std::size_t i = 0; i < set->row.field.size(set->object); ++i) {
        Row row{key_of(*set, i)};
        for (const AttributePlace& place : places_of(set->row.field.element(set->object, i)))
            row.push_back(cell(place));
        rows.push_back(std::move(row));
    }
    return table(heading.empty() ? subject.word + "s" : std::string{heading}, headings, rows);
}

Reply list_elements(Call& call) {
    auto listed = element_table(call, Subject::of(call.subject), {});
    return listed ? ok(std::move(*listed)) : error(listed.error());
}

// ---- SERVER/FILTERS: sets that stand in the server's own object, and lists that are no settings

struct FilterSet {
    std::string_view row, word, title, prompt;
};
constexpr FilterSet filter_sets[] = {
    {"socketFilters", "SocketFilter", "Socket Filters", "socketFilter"},
    {"filters.integratedFilters", "IntegratedFilter", "Integrated Filters", "integratedFilter"},
    {"scriptFilters", "ScriptFilter", "Script Filters", "scriptFilter"},
    {"serverActiveFilters", "ActiveFilter", "Active Filters", "activeFilter"},
};
std::string subject_of(const FilterSet& set) {
    return fmt::format("{}|{}|{}/{}", set.row, set.word, filters_path, set.word);
}

bool is_filter_set(std::string_view row) {
    return settings::same_name(row, "filters") || std::ranges::any_of(filter_sets, [&](const FilterSet& set) {
               return settings::same_name(set.row, row);
           });
}

class ServerFiltersFrame final : public SettingsFrame, public ListsOfFrame {
public:
    ServerFiltersFrame(Shell& shell, SettingsFrame& parent)
        : SettingsFrame{shell, shell.tree().at(filters_path), parent.path(), &parent},
          ListsOfFrame{shell, filter::ListOwner::server()} {}
    std::string title() const override { return "the server's filters"; }
    void* values() override {
        void* server = holder();
        if (server == nullptr) return nullptr;
        auto target = find_target(table(), server, {{std::string{filters_row}}});
        return target ? target->object : nullptr;
    }
    Step<> set(std::string_view attribute, const settings::Value& value) override {
        SettingsPath at = path();
        at.push_back({std::string{filters_row}});
        return edit({SettingsEdit::Kind::set, std::move(at), std::string{attribute}, value});
    }
    Step<std::string> commit() override {
        auto notes = SettingsFrame::commit();
        if (!notes) return notes;
        if (auto done = write_lists(shell_, filter::ListOwner::server(), list_edits_); !done)
            return std::unexpected(done.error());
        list_edits_.clear();
        return notes;
    }
    Step<> reload() override {
        list_edits_.clear();
        return SettingsFrame::reload();
    }
};

Reply configure_filters(Call& call) {
    call.shell.enter(std::make_unique<ServerFiltersFrame>(call.shell, frame_of(call)));
    return ok();
}

Reply list_filters(Call& call) {
    std::string all;
    for (const FilterSet& set : filter_sets) {
        auto listed = element_table(call, Subject::of(subject_of(set)), set.title);
        if (listed) all += *listed;
    }
    return ok(std::move(all));
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
    std::string data;
    for (std::size_t at = 0; at < text.size();) {
        auto end = std::min(text.find('\n', at), text.size());
        data.append(text, at, end - at).append("\r\n");
        at = end + 1;
    }
    return ok(std::move(data));
}

// ---- the resolver

Reply query_dns(Call& call) {
    std::string name = call.given.text("name");
    auto result =
        admin::run(call.shell.admin(), "dns query", admin::Json{{"type", call.subject}, {"name", name}},
                   [](std::string_view, int) {});
    if (!result) return error(result.error().what);
    const std::string outcome = (*result)["outcome"].get<std::string>();
    std::vector<std::string> rows;
    for (const auto& record : (*result)["records"])
        rows.push_back(record.is_string() ? record.get<std::string>() : record.dump());
    Reply reply = ok(simple_list(call.subject + " records of " + (*result)["name"].get<std::string>(), rows));
    reply.text = "command successful; " + outcome;
    return reply;
}

Reply empty_cache(Call& call) {
    auto result =
        admin::run(call.shell.admin(), "dns flush", admin::Json::object(), [](std::string_view, int) {});
    if (!result) return error(result.error().what);
    return ok();
}

void add_resolver_commands(Context& context, Need need) {
    for (std::string type : {"A", "AAAA", "MX", "NS", "TXT", "PTR"})
        context.commands.push_back(
            {fmt::format("QUERY {} <name>", type), "Ask as the server does", query_dns, need, type});
    context.commands.push_back({"EMPTYCACHE", "Forget all answers", empty_cache, need});
}

// ---- the policy script

Reply replace_policy(Shell& shell, std::string_view text) {
    auto done = admin::replace_policy(shell.admin(), text);
    if (!done) return error(done.error());
    return ok();
}

Reply update_policy(Call& call) {
    if (auto path = call.given.maybe("path")) {
        auto text = admin::read_script(*path);
        return text ? replace_policy(call.shell, *text) : error(text.error());
    }
    call.shell.read_text([&shell = call.shell](std::string text) { return replace_policy(shell, text); });
    return ok();
}

Reply show_policy(Call& call) {
    auto text = admin::policy_script(call.shell.admin());
    if (!text) return error(text.error());
    if (auto path = call.given.maybe("path")) {
        std::ofstream file{*path, std::ios::binary | std::ios::trunc};
        file << *text;
        file.close();
        return file ? ok() : error(fmt::format("{} cannot be written", *path));
    }
    std::string data;
    for (std::size_t at = 0; at < text->size();) {
        const auto end = std::min(text->find('\n', at), text->size());
        std::string_view line = std::string_view{*text}.substr(at, end - at);
        if (line.ends_with('\r')) line.remove_suffix(1);
        data.append(line).append("\r\n");
        at = end + 1;
    }
    return ok(std::move(data));
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
        context.commands.push_back({"UPDATE SmtpFilters [<path>]", "Replace the policy script", update_policy,
                                    on_server("manageServerFilters")});
        context.commands.push_back({"SHOW SmtpFilters [<path>]", "The policy script", show_policy,
                                    on_server("manageServerFilters")});
        context.commands.push_back({"LIST Services", "What runs", list_services, super_or_config()});
        add_storage_commands(context);
        add_permission_command(context);
        filters(context, table);
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
            if (top && is_filter_set(row.name)) continue;  // filters() has them
            if (row.field.kind == Kind::object) object(context, row, top);
            if (row.field.kind == Kind::object_set && row.name != "domainStorageParams")
                object_set(context, row);
        }
    }

    void filters(Context& server, settings::Table table) {
        const Need need = on_server("manageServerFilters");
        server.commands.push_back({"CONFIG FILTERS", "Go to the server's filters", configure_filters, need});
        Context context;
        context.path = filters_path;
        context.prompt = "server-filters";
        context.exit = Exit::commit;
        context.help = "Filters of the server, and senders that are judged by their From field";
        context.need = need;
        const auto places = settings::open(table, nullptr);
        if (const settings::Place* filters = settings::find(places, filters_row))
            context.attributes = filters->row.field.table();
        for (const FilterSet& set : filter_sets) {
            const auto dot = set.row.find('.');
            const settings::Place* place = settings::find(places, set.row.substr(0, dot));
            std::vector<settings::Place> below;
            if (place != nullptr && dot != set.row.npos) {
                below = settings::open(place->row.field.table(), nullptr);
                place = settings::find(below, set.row.substr(dot + 1));
            }
            if (place == nullptr) continue;
            Spelling spelled{place->row.name, set.word, set.prompt};
            object_set(context, place->row, spelled, subject_of(set));
        }
        context.commands.push_back({"LIST Filters", "All of them", list_filters, need});
        std::ranges::move(list_commands(need), std::back_inserter(context.commands));
        out_.push_back(std::move(context));
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
        context.commands.push_back({"CONFIG " + word, std::string{row.help}, configure, child.need, subject});
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
        auto add = [&](std::string syntax, std::string help, Reply (*run)(Call&)) {
            context.commands.push_back({std::move(syntax), std::move(help), run, child.need, subject});
        };
        add(fmt::format("LIST {}s", word), std::string{row.help}, list_elements);
        if (key_name(row) == place_key)
            add(fmt::format("ADD {} [<attributes>...]", word), "Make one, the last, and go to its context",
                add_last);
        else
            add(fmt::format("ADD {} [{}] <key> [<attributes>...]", word, key_name(row)),
                "Make one and go to its context", add_element);
        add(fmt::format("UPDATE {} [{}] <key> [<attributes>...]", word, key_name(row)), "Go to its context",
            update_element);
        add(fmt::format("REMOVE {} [{}] <key>", word, key_name(row)), "Remove it", remove_element);
        add(fmt::format("SHOW {} [{}] <key> [ATTR <param>]", word, key_name(row)), "Its attributes",
            show_element);
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
