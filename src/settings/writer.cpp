#include "settings/writer.h"

#include "settings/table.h"
#include "settings/value.h"

namespace postrider::settings {

namespace {

/// Words to lines of at most 90 columns.
std::string wrap(std::string_view text) {
    std::string out;
    std::size_t column = 0;
    while (!text.empty()) {
        std::size_t end = std::min(text.find(' '), text.size());
        if (column != 0) {
            bool next_line = column + 1 + end > 90;
            out += next_line ? '\n' : ' ';
            column = next_line ? 0 : column + 1;
        }
        out += text.substr(0, end);
        column += end;
        text.remove_prefix(std::min(end + 1, text.size()));
    }
    return out;
}

std::string comment(const Row& row) {
    std::string text{row.help};
    std::string allowed = allowed_text(row);
    bool nested = row.field.kind == Kind::object || row.field.kind == Kind::object_set;
    if (!nested && !allowed.empty()) text += " [" + allowed + "]";
    return wrap(text);
}

class Writer {
public:
    explicit Writer(const WriteOptions& options) : options_{options} {}

    Object object(Table table, void* values, void* defaults, bool all, std::string_view key = "") {
        Object tree;
        std::vector<Place> places = open(table, values);
        std::vector<Place> others = open(table, defaults);
        for (std::size_t i = 0; i < places.size(); ++i) {
            const Row& row = places[i].row;
            if (row.field.kind == Kind::absent) continue;
            bool keep = all || row.required || (!key.empty() && same_name(row.name, key));
            Attribute attribute;
            if (!value(attribute.value, row, places[i].object, others[i].object, keep)) continue;
            attribute.name = row.name;
            if (options_.comments) attribute.comment = comment(row);
            tree.attributes.push_back(std::move(attribute));
        }
        return tree;
    }

private:
    /// @return false when it is the default and need not be written.
    bool value(Value& out, const Row& row, void* values, void* defaults, bool keep) {
        const Access& field = row.field;
        if (field.kind == Kind::object) {
            out.shape = Value::Shape::object;
            out.objects.push_back(
                object(field.table(), field.member(values), field.member(defaults), options_.all));
            return keep || !out.objects[0].attributes.empty();
        }
        if (field.kind == Kind::object_set) {
            out = set(row, values, options_.all);
            return keep || !(set(row, values, true) == set(row, defaults, true));
        }
        out = get_value(row, values);
        bool is_default = out == get_value(row, defaults);
        if (row.secret && !options_.secrets && !is_default) {
            out = Value{Value::Shape::word, {{"***", 0}}, {}};
        }
        return keep || !is_default;
    }

    Value set(const Row& row, void* values, bool all) {
        const Access& field = row.field;
        Value out;
        out.shape = field.size(values) == 0 ? Value::Shape::words : Value::Shape::objects;
        std::shared_ptr<void> fresh = field.make();
        for (std::size_t i = 0; i < field.size(values); ++i) {
            out.objects.push_back(object(field.table(), field.element(values, i), fresh.get(), all, row.key));
        }
        return out;
    }

    const WriteOptions& options_;
};

}  // namespace

Object to_tree(Table table, const void* object, const void* defaults, const WriteOptions& options) {
    // The accessors give addresses, nothing is changed through them.
    auto* values = const_cast<void*>(object);    // NOLINT
    auto* others = const_cast<void*>(defaults);  // NOLINT
    return Writer{options}.object(table, values, others, options.all);
}

}  // namespace postrider::settings
