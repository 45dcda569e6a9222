#include "settings/reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "settings/table.h"
#include "settings/value.h"

namespace postrider::settings {

namespace {

std::string lower(std::string_view text) {
    std::string out{text};
    for (char& c : out) {
        if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
    }
    return out;
}

/// How many letters differ between two names, for "did you mean".
std::size_t distance(std::string_view a, std::string_view b) {
    std::vector<std::size_t> row(b.size() + 1);
    for (std::size_t j = 0; j <= b.size(); ++j) row[j] = j;
    for (std::size_t i = 1; i <= a.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i;
        for (std::size_t j = 1; j <= b.size(); ++j) {
            std::size_t up = row[j];
            std::size_t change = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
            row[j] = std::min({change, row[j - 1] + 1, up + 1});
            diagonal = up;
        }
    }
    return row[b.size()];
}

std::string nearest(const std::vector<Place>& places, std::string_view name) {
    std::string best;
    std::size_t best_distance = 3;  // two letters wrong is a slip, three another word
    for (const Place& place : places) {
        if (place.row.field.kind == Kind::absent) continue;
        std::size_t d = distance(lower(place.row.name), lower(name));
        if (d < best_distance) {
            best_distance = d;
            best = place.row.name;
        }
    }
    return best;
}

class Reader {
public:
    Reader(std::string_view file, Diagnostics& found) : file_{file}, found_{found} {}

    /// @return whether every required attribute was there and sound.
    bool object(Table table, void* target, const Object& tree, const std::string& path) {
        std::vector<Place> places = open(table, target);
        std::set<std::string_view> seen;  // names as the tables have them
        std::set<std::string_view> sound;
        for (const Attribute& attribute : tree.attributes) {
            std::string key = path.empty() ? attribute.name : path + "." + attribute.name;
            const Place* place = find(places, attribute.name);
            if (place == nullptr) {
                unknown(places, attribute, key);
            } else if (place->row.field.kind == Kind::absent) {
                absent(place->row, attribute, key);
            } else if (!seen.insert(place->row.name).second) {
                warn(attribute.line, key, "given twice; the first one counts", "");
            } else if (value(*place, attribute, key)) {
                sound.insert(place->row.name);
            }
        }
        bool complete = true;
        for (const Place& place : places) {
            if (!place.row.required || sound.contains(place.row.name)) continue;
            complete = false;
            if (!seen.contains(place.row.name)) {
                warn(tree.line, path, fmt::format("{} is missing, so the object is ignored", place.row.name),
                     fmt::format("{} = {}", place.row.name, allowed_text(place.row)));
            } else {
                warn(tree.line, path,
                     fmt::format("{} is not valid, so the object is ignored", place.row.name), "");
            }
        }
        return complete;
    }

private:
    bool value(const Place& place, const Attribute& attribute, const std::string& key) {
        const Row& row = place.row;
        if (row.field.kind == Kind::object) return nested(place, attribute, key);
        if (row.field.kind == Kind::object_set) return object_set(place, attribute, key);
        auto left_out = set_value(row, place.object, attribute.value);
        if (!left_out) {
            error(attribute.line, key, left_out.error().problem, left_out.error().allowed);
            return false;
        }
        if (!left_out->empty()) {
            warn(attribute.line, key, fmt::format("not in this build, left out: {}", *left_out),
                 allowed_text(row));
        }
        return true;
    }

    bool nested(const Place& place, const Attribute& attribute, const std::string& key) {
        if (attribute.value.shape != Value::Shape::object) {
            error(attribute.line, key, "a value where an object belongs", allowed_text(place.row));
            return false;
        }
        const Access& field = place.row.field;
        std::shared_ptr<void> before = field.save(place.object);
        bool complete = object(field.table(), field.member(place.object), attribute.value.objects.at(0), key);
        if (!complete) field.restore(place.object, before.get());
        return complete;
    }

    bool object_set(const Place& place, const Attribute& attribute, const std::string& key) {
        const Value& value = attribute.value;
        const Access& field = place.row.field;
        bool empty = value.shape == Value::Shape::words && value.words.empty();
        if (!empty && value.shape != Value::Shape::objects) {
            error(attribute.line, key, "not a set of objects", allowed_text(place.row));
            return false;
        }
        if (!place.row.range.any() && static_cast<std::int64_t>(value.objects.size()) > place.row.range.max) {
            error(attribute.line, key, fmt::format("the set has {} objects", value.objects.size()),
                  allowed_text(place.row));
            return false;
        }
        field.clear(place.object);  // what is given replaces the default set
        std::set<std::string> keys;
        for (std::size_t i = 0; i < value.objects.size(); ++i) {
            const Object& tree = value.objects[i];
            std::string path = fmt::format("{}[{}]", key, i + 1);
            void* element = field.append(place.object);
            bool keep = object(field.table(), element, tree, path);
            if (keep && !place.row.key.empty()) keep = first_of_its_key(place.row, element, keys, tree, path);
            if (!keep) field.remove_last(place.object);
        }
        return true;
    }

    bool first_of_its_key(const Row& set, void* element, std::set<std::string>& keys, const Object& tree,
                          const std::string& path) {
        std::vector<Place> places = open(set.field.table(), element);
        const Place* place = find(places, set.key);
        if (place == nullptr) return true;
        std::string text = print_value(get_value(place->row, place->object));
        // Port 0 is any free one: two such addresses are two.
        if (place->row.format == Format::ip_port && text.ends_with(":0")) return true;
        if (keys.insert(lower(text)).second) return true;
        warn(tree.line, path,
             fmt::format("a second object with {} = {} is ignored; the first one counts", set.key, text), "");
        return false;
    }

    void unknown(const std::vector<Place>& places, const Attribute& attribute, const std::string& key) {
        std::string near = nearest(places, attribute.name);
        warn(attribute.line, key,
             near.empty() ? "unknown name, ignored"
                          : fmt::format("unknown name, ignored; did you mean {}?", near),
             "");
    }

    void absent(const Row& row, const Attribute& attribute, const std::string& key) {
        bool section =
            attribute.value.shape == Value::Shape::object || attribute.value.shape == Value::Shape::objects;
        std::string problem = section
                                  ? "this section is known, but what it sets up is not in this build; ignored"
                                  : "this setting is known, but has no effect in this build; ignored";
        if (!row.help.empty()) problem += fmt::format(" ({})", row.help);
        warn(attribute.line, key, std::move(problem), "");
    }

    void error(unsigned line, const std::string& key, std::string problem, std::string allowed) {
        found_.push_back(
            {Severity::error, std::string{file_}, line, key, std::move(problem), std::move(allowed)});
    }
    void warn(unsigned line, const std::string& key, std::string problem, std::string allowed) {
        found_.push_back(
            {Severity::warning, std::string{file_}, line, key, std::move(problem), std::move(allowed)});
    }

    std::string_view file_;
    Diagnostics& found_;
};

}  // namespace

void read(Table table, void* object, const Object& tree, std::string_view file, Diagnostics& found) {
    Reader{file, found}.object(table, object, tree, "");
}

Diagnostics read_text(Table root, void* object, std::string_view text, std::string_view file) {
    Diagnostics found;
    auto tree = parse_file(text, file);
    if (!tree) {
        found.push_back(tree.error());
    } else {
        read(root, object, *tree, file, found);
    }
    return found;
}

}  // namespace postrider::settings
