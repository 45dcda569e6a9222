#include "cli/contexts/server_filters.h"

#include <fmt/core.h>

#include <algorithm>
#include <iterator>

#include "cli/contexts/filters.h"
#include "cli/contexts/settings_commands.h"

namespace postrider::cli {
namespace {

constexpr std::string_view filters_row = "filters";  ///< whose attributes the context has

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
    return fmt::format("{}|{}|{}/{}", set.row, set.word, server_filters_path, set.word);
}

class ServerFiltersFrame final : public SettingsFrame, public ListsOfFrame {
public:
    ServerFiltersFrame(Shell& shell, SettingsFrame& parent)
        : SettingsFrame{shell, shell.tree().at(server_filters_path), parent.path(), &parent},
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
    call.shell.enter(std::make_unique<ServerFiltersFrame>(call.shell, settings_frame_of(call)));
    return ok();
}

Reply list_filters(Call& call) {
    std::string all;
    for (const FilterSet& set : filter_sets) {
        auto listed = element_table(call, SettingsSubject::of(subject_of(set)), set.title);
        if (listed) all += *listed;
    }
    return ok(std::move(all));
}

}  // namespace

bool is_filter_row(std::string_view row) {
    return settings::same_name(row, filters_row)
           || std::ranges::any_of(filter_sets,
                                  [&](const FilterSet& set) { return settings::same_name(set.row, row); });
}

Context server_filters(Context& server, settings::Table table, const AddSet& add_set) {
    const Need need = on_server("manageServerFilters");
    server.commands.push_back({"CONFIG FILTERS", "Go to the server's filters", configure_filters, need});
    Context context;
    context.path = server_filters_path;
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
        if (place != nullptr) add_set(context, place->row, set.word, set.prompt, subject_of(set));
    }
    context.commands.push_back({"LIST Filters", "All of them", list_filters, need});
    std::ranges::move(list_commands(need), std::back_inserter(context.commands));
    return context;
}

}  // namespace postrider::cli
