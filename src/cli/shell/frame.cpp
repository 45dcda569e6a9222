#include "cli/shell/frame.h"

#include <fmt/core.h>

#include "cli/wire/layout.h"
#include "settings/table.h"
#include "settings/value.h"

namespace postrider::cli {

Reply ok(std::string data) {
    Reply reply;
    reply.data = std::move(data);
    return reply;
}

Reply error(std::string text) {
    return {false, {}, std::move(text)};
}

Step<> Frame::set(std::string_view attribute, const settings::Value& value) {
    for (const AttributePlace& place : attribute_places(context_, values())) {
        if (!settings::same_name(place.row.name, attribute)) continue;
        auto stored = settings::set_value(place.row, place.object, value);
        if (!stored)
            return std::unexpected(
                fmt::format("{}: {}{}{}", place.row.name, stored.error().problem,
                            stored.error().allowed.empty() ? "" : "; allowed: ", stored.error().allowed));
        if (!stored->empty())
            return std::unexpected(fmt::format("{}: {} is not in this release", place.row.name, *stored));
        return {};
    }
    return std::unexpected(fmt::format("there is no attribute {}", attribute));
}

Step<> Frame::inherit(std::string_view attribute) {
    return std::unexpected(fmt::format("{} is not inherited here", attribute));
}

std::vector<AttributePlace> attribute_places(const Context& context, void* object) {
    std::vector<AttributePlace> all;
    if (context.attributes.count == 0) return all;
    for (const settings::Place& place : settings::open(context.attributes, object)) {
        using settings::Kind;
        if (place.row.field.kind == Kind::object || place.row.field.kind == Kind::object_set
            || place.row.field.kind == Kind::absent)
            continue;
        if (context.shown != nullptr && !context.shown(place.row.name)) continue;
        all.push_back({place.row, place.object});
    }
    return all;
}

std::string shown_value(const settings::Row& row, const void* object) {
    settings::Value value = settings::get_value(row, object);
    if (row.field.kind == settings::Kind::text)
        return quoted_text(value.words.empty() ? "" : value.words.front().text);
    return settings::print_value(value);
}

settings::Value to_value(const Word& word) {
    settings::Value value;
    if (!word.is_set) {
        value.words.push_back({word.text, 0});
        return value;
    }
    value.shape = settings::Value::Shape::words;
    for (const std::string& element : word.elements) value.words.push_back({element, 0});
    return value;
}

}  // namespace postrider::cli
