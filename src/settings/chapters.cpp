#include "settings/chapters.h"

#include <fmt/format.h>

#include "settings/table.h"
#include "settings/value.h"

namespace postrider::settings {

namespace {

std::string default_text(const Place& place) {
    const Row& row = place.row;
    if (!row.default_help.empty()) return std::string{row.default_help};
    if (row.field.kind == Kind::object) return "";
    if (row.field.kind == Kind::object_set) {
        std::size_t size = row.field.size(place.object);
        return size == 0 ? "()" : fmt::format("{} object{}", size, size == 1 ? "" : "s");
    }
    if (row.required) return "";
    return print_value(get_value(row, place.object));
}

/// Defaults of one struct that are not those of another, "idleTimeout = 1800, ...".
std::string differences(Table table, void* here, void* chapter) {
    std::string out;
    std::vector<Place> mine = open(table, here);
    std::vector<Place> theirs = open(table, chapter);
    for (std::size_t i = 0; i < mine.size(); ++i) {
        Kind kind = mine[i].row.field.kind;
        if (kind == Kind::object || kind == Kind::object_set || kind == Kind::absent) continue;
        Value value = get_value(mine[i].row, mine[i].object);
        if (value == get_value(theirs[i].row, theirs[i].object)) continue;
        out += fmt::format("{}{} = {}", out.empty() ? "" : ", ", mine[i].row.name, print_value(value));
    }
    return out;
}

class Collector {
public:
    std::vector<Chapter> all;

    std::string add(Table table, const std::string& path) {
        for (const Known& known : known_) {
            if (known.rows == table.rows) return known.title;
        }
        std::string title = path.empty() ? std::string{table.title} : unused(std::string{table.title}, path);
        // A chapter shows the struct's own defaults; where a place has others, its entry says so.
        std::shared_ptr<void> defaults = table.make();
        known_.push_back({table.rows, title, defaults});
        std::size_t index = all.size();
        all.push_back({title, std::string{table.help}, {}});
        std::vector<Entry> entries;
        for (const Place& place : open(table, defaults.get())) {
            if (place.row.field.kind != Kind::absent) entries.push_back(entry(place, path));
        }
        all[index].entries = std::move(entries);
        return title;
    }

private:
    struct Known {
        const void* rows;
        std::string title;
        std::shared_ptr<void> defaults;
    };

    Entry entry(const Place& place, const std::string& path) {
        const Row& row = place.row;
        Entry entry{row, default_text(place), "", ""};
        std::string below = path.empty() ? std::string{row.name} : path + "." + std::string{row.name};
        if (row.field.kind == Kind::object) {
            nested(entry, below, row.field.save(place.object));
        } else if (row.field.kind == Kind::object_set) {
            nested(entry, below, row.field.make());
        }
        return entry;
    }

    void nested(Entry& entry, const std::string& path, std::shared_ptr<void> defaults) {
        Table table = entry.row.field.table();
        entry.chapter = add(table, path);
        for (const Known& known : known_) {
            if (known.rows != table.rows) continue;
            entry.differences = differences(table, defaults.get(), known.defaults.get());
        }
    }

    /// Two tables may have one title; then the place in the file tells them apart.
    std::string unused(std::string title, const std::string& path) {
        for (const Known& known : known_) {
            if (known.title == title) return fmt::format("{} ({})", title, path);
        }
        return title;
    }

    std::vector<Known> known_;
};

}  // namespace

std::vector<Chapter> chapters(Table root) {
    Collector collector;
    collector.add(root, "");
    return std::move(collector.all);
}

}  // namespace postrider::settings
