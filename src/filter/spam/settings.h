#pragma once

#include <string>

#include "settings/setting.h"

namespace postrider::filter {

struct SpamSettings {
    bool enable = true;
    bool learn_from_moves = true;
    bool users_train_server = true;
    unsigned daily_share = 50;
    bool heuristics = true;
    unsigned junk_level = 8;
};

settings::TableOf<SpamSettings> spam_table();

}  // namespace postrider::filter
