#include "admin/values.h"

#include <algorithm>

#include "settings/grammar.h"
#include "settings/table.h"
#include "settings/value.h"

namespace postrider::admin {

Result show_values(Context& context, directory::SettingsLevel level,
                   const settings::AccountSettings& effective) {
    auto here = need(context.directory.explicit_values(level));
    if (!here) return std::unexpected(here.error());
    settings::AccountSettings values = effective;
    Json rows = Json::array();
    for (const settings::Place& place : settings::open(settings::account_table(), &values)) {
        bool is_explicit = std::ranges::any_of(
            *here, [&](const auto& one) { return settings::same_name(one.first, place.row.name); });
        std::string text = settings::print_value(settings::get_value(place.row, place.object));
        if (!place.row.unit.empty()) text.append(" ").append(place.row.unit);
        rows.push_back(
            Json{{"name", place.row.name}, {"value", std::move(text)}, {"from_here", is_explicit}});
    }
    return Json{{"values", std::move(rows)}};
}

Result set_value(Context& context, directory::SettingsLevel level, const Arguments& arguments) {
    auto set = need(context.directory.set_value(level, arguments.text("name"), arguments.text("value")));
    if (!set) return std::unexpected(set.error());
    return done();
}

Result reset_value(Context& context, directory::SettingsLevel level, const Arguments& arguments) {
    auto reset = need(context.directory.reset_value(level, arguments.text("name")));
    if (!reset) return std::unexpected(reset.error());
    return done();
}

std::expected<settings::AccountSettings, Error> server_values(Context& context) {
    auto here = need(context.directory.explicit_values(directory::SettingsLevel::server()));
    if (!here) return std::unexpected(here.error());
    settings::AccountSettings values;
    const auto places = settings::open(settings::account_table(), &values);
    for (const auto& [name, text] : *here)
        // What this build does not know or no longer allows counts as not given, as in inheritance itself.
        if (const settings::Place* place = settings::find(places, name))
            if (auto ok = settings::set_value(place->row, place->object, text); !ok) continue;
    return values;
}

}  // namespace postrider::admin
