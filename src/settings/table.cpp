#include "settings/table.h"

namespace postrider::settings {

namespace {

void add_rows(std::vector<Place>& places, Table table, void* object) {
    for (std::size_t i = 0; i < table.count; ++i) {
        Row row = table[i];
        if (row.field.kind == Kind::inlined) {
            add_rows(places, row.field.table(), object == nullptr ? nullptr : row.field.member(object));
        } else {
            places.push_back({row, object});
        }
    }
}

}  // namespace

std::vector<Place> open(Table table, void* object) {
    std::vector<Place> places;
    add_rows(places, table, object);
    auto built = [&](const Place& place) {
        for (const Place& other : places) {
            if (other.row.field.kind != Kind::absent && same_name(other.row.name, place.row.name))
                return true;
        }
        return false;
    };
    std::vector<Place> result;
    for (const Place& place : places) {
        if (place.row.field.kind != Kind::absent || !built(place)) result.push_back(place);
    }
    return result;
}

const Place* find(const std::vector<Place>& places, std::string_view name) {
    for (const Place& place : places) {
        if (same_name(place.row.name, name)) return &place;
        if (!place.row.old_name.empty() && same_name(place.row.old_name, name)) return &place;
    }
    return nullptr;
}

}  // namespace postrider::settings
