#pragma once

#include <string>
#include <vector>

#include "settings/setting.h"

namespace postrider::settings {

/// What the manual says about one setting.
struct Entry {
    Row row;
    std::string default_text;  ///< "" where there is none
    std::string chapter;       ///< of an object or set: where its attributes are described
    std::string differences;   ///< of a set whose elements begin with other defaults than its chapter says
};

/// What the manual says about one object. A table that several objects share has one chapter.
struct Chapter {
    std::string title;
    std::string help;
    std::vector<Entry> entries;
};

/// The root first, then what it holds, in order of appearance.
std::vector<Chapter> chapters(Table root);

}  // namespace postrider::settings
