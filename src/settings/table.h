#pragma once

#include <optional>
#include <string_view>
#include <vector>

#include "settings/setting.h"

/// Walking a table as a reader of the file sees it: inlined structs opened up.
namespace postrider::settings {

/// A row and the struct it belongs to (the outer one or one that is inlined in it). The struct's address is
/// null when the table was opened without one.
struct Place {
    Row row;
    void* object = nullptr;
};

/// All rows with a name, in order; `object` may be null to look at the rows only. A name that stands both as
/// an absent and as a real row is given once, as the real one.
std::vector<Place> open(Table table, void* object);

/// The row of that name (or old name), or nothing.
const Place* find(const std::vector<Place>& places, std::string_view name);

}  // namespace postrider::settings
