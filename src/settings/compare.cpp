#include "settings/compare.h"

#include "settings/value.h"

namespace postrider::settings {
namespace {

const void* member(const Row& row, const void* object) {
    return row.field.member(const_cast<void*>(object));  // only looked at
}

bool same(Table table, const void* a, const void* b);

bool same(const Row& row, const void* a, const void* b) {
    switch (row.field.kind) {
        case Kind::absent: return true;
        case Kind::object:
        case Kind::inlined: return same(row.field.table(), member(row, a), member(row, b));
        case Kind::object_set: {
            const std::size_t size = row.field.size(a);
            if (size != row.field.size(b)) return false;
            for (std::size_t i = 0; i < size; ++i)
                if (!same(row.field.table(), row.field.element(const_cast<void*>(a), i),
                          row.field.element(const_cast<void*>(b), i)))
                    return false;
            return true;
        }
        case Kind::boolean:
        case Kind::number:
        case Kind::choice:
        case Kind::choice_set: return row.field.number(a) == row.field.number(b);
        case Kind::text:
            return *static_cast<const std::string*>(member(row, a))
                   == *static_cast<const std::string*>(member(row, b));
        case Kind::text_list:
            return *static_cast<const std::vector<std::string>*>(member(row, a))
                   == *static_cast<const std::vector<std::string>*>(member(row, b));
    }
    return true;
}

bool same(Table table, const void* a, const void* b) {
    for (std::size_t i = 0; i < table.count; ++i)
        if (!same(table[i], a, b)) return false;
    return true;
}

void collect(Table table, const void* a, const void* b, const std::string& prefix, bool restart,
             std::vector<Difference>& found) {
    for (std::size_t i = 0; i < table.count; ++i) {
        const Row row = table[i];
        const bool later = restart || row.restart;
        if (row.field.kind == Kind::inlined) {
            collect(row.field.table(), member(row, a), member(row, b), prefix, later, found);
        } else if (row.field.kind == Kind::object) {
            collect(row.field.table(), member(row, a), member(row, b), prefix + std::string{row.name} + ".",
                    later, found);
        } else if (!same(row, a, b)) {
            found.push_back({prefix + std::string{row.name}, later});
        }
    }
}

}  // namespace

std::vector<Difference> differences(Table table, const void* before, const void* after) {
    std::vector<Difference> found;
    collect(table, before, after, {}, false, found);
    return found;
}

}  // namespace postrider::settings
