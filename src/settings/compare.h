#pragma once

#include <string>
#include <vector>

#include "settings/setting.h"

namespace postrider::settings {

/// A setting with two different values.
struct Difference {
    std::string key;       ///< "imap.maxErrors"; a set of objects as a whole: "imap.listeners"
    bool restart = false;  ///< counts only after a restart
};

/// What differs between two objects of one table, in the table's order.
std::vector<Difference> differences(Table table, const void* before, const void* after);

}  // namespace postrider::settings
