#include "cli/contexts/settings_commands.h"

#include <fmt/core.h>

#include "cli/contexts/enter_with.h"
#include "cli/wire/layout.h"
#include "settings/value.h"

namespace postrider::cli {

SettingsSubject SettingsSubject::of(const std::string& text) {
    auto first = text.find('|'), second = text.find('|', first + 1);
    SettingsSubject all{
        text.substr(0, first), text.substr(first + 1, second - first - 1), text.substr(second + 1), {}};
    if (auto dot = all.row.find('.'); dot != std::string::npos) {
        all.object = all.row.substr(0, dot);
        all.row.erase(0, dot + 1);
    }
    return all;
}

SettingsPath SettingsSubject::in(const SettingsFrame& frame) const {
    SettingsPath path = frame.path();
    if (!object.empty()) path.push_back({object});
    return path;
}

Reply configure_object(Call& call) {
    SettingsSubject subject = SettingsSubject::of(call.subject);
    SettingsFrame& frame = settings_frame_of(call);
    SettingsPath path = frame.path();
    path.push_back({subject.row});
    auto child = std::make_unique<SettingsFrame>(call.shell, call.shell.tree().at(subject.context),
                                                 std::move(path), &frame);
    if (child->values() == nullptr) return error(fmt::format("there is no {} any longer", subject.row));
    call.shell.enter(std::move(child));
    return ok();
}

namespace {

using settings::Kind;

settings::Value one_word(const std::string& text) {
    settings::Value value;
    value.words.push_back({text, 0});
    return value;
}

/// The set among the frame's rows, with the struct that it stands in.
std::optional<settings::Place> set_of(SettingsFrame& frame, const SettingsSubject& subject) {
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

Reply open_element(Call& call, const SettingsSubject& subject, const std::string& key, bool add) {
    SettingsFrame& frame = settings_frame_of(call);
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
    return enter_with(call, std::move(child));
}

Reply add_element(Call& call) {
    return open_element(call, SettingsSubject::of(call.subject), call.given.text("key"), true);
}

/// To a set whose elements are told apart by their place: at its end.
Reply add_last(Call& call) {
    SettingsSubject subject = SettingsSubject::of(call.subject);
    auto set = set_of(settings_frame_of(call), subject);
    if (!set) return error(fmt::format("there is no {}", subject.row));
    return open_element(call, subject, std::to_string(set->row.field.size(set->object) + 1), true);
}

Reply update_element(Call& call) {
    return open_element(call, SettingsSubject::of(call.subject), call.given.text("key"), false);
}

Reply remove_element(Call& call) {
    SettingsSubject subject = SettingsSubject::of(call.subject);
    SettingsFrame& frame = settings_frame_of(call);
    auto gone = frame.edit(
        {SettingsEdit::Kind::remove, subject.in(frame), subject.row, one_word(call.given.text("key"))});
    if (!gone) return error(gone.error());
    return ok();
}

Reply show_element(Call& call) {
    SettingsSubject subject = SettingsSubject::of(call.subject);
    auto set = set_of(settings_frame_of(call), subject);
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

}  // namespace

Step<std::string> element_table(Call& call, const SettingsSubject& subject, std::string_view heading) {
    constexpr std::size_t most_columns = 5;
    auto set = set_of(settings_frame_of(call), subject);
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
    auto cell = [](const AttributePlace& place) {
        // Clients take what stands between the bars.
        if (place.row.field.kind != Kind::text) return shown_value(place.row, place.object);
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

namespace {

Reply list_elements(Call& call) {
    auto listed = element_table(call, SettingsSubject::of(call.subject), {});
    return listed ? ok(std::move(*listed)) : error(listed.error());
}

}  // namespace

void add_set_commands(Context& context, const settings::Row& set, std::string_view word, Need need,
                      const std::string& subject) {
    auto add = [&](std::string syntax, std::string help, Reply (*run)(Call&)) {
        context.commands.push_back({std::move(syntax), std::move(help), run, need, subject});
    };
    const std::string_view key = key_name(set);
    add(fmt::format("LIST {}s", word), std::string{set.help}, list_elements);
    if (key == place_key)
        add(fmt::format("ADD {} [<attributes>...]", word), "Make one, the last, and go to its context",
            add_last);
    else
        add(fmt::format("ADD {} [{}] <key> [<attributes>...]", word, key), "Make one and go to its context",
            add_element);
    add(fmt::format("UPDATE {} [{}] <key> [<attributes>...]", word, key), "Go to its context",
        update_element);
    add(fmt::format("REMOVE {} [{}] <key>", word, key), "Remove it", remove_element);
    add(fmt::format("SHOW {} [{}] <key> [ATTR <param>]", word, key), "Its attributes", show_element);
}

}  // namespace postrider::cli
