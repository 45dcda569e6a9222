#pragma once

#include <chrono>

#include "settings/setting.h"

/// What an operator can set of full text: the configuration file's `index = { ... }`.
namespace postrider::index {

struct IndexSettings {
    bool enabled = true;
    std::chrono::seconds delay{5};
    bool attachments = true;
};

settings::TableOf<IndexSettings> index_table();

}  // namespace postrider::index
