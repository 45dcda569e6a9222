#pragma once

#include <chrono>
#include <string>

#include "settings/setting.h"

namespace postrider::filter {

/// The server's share of identity confirmation; the rest are account settings (settings/account.h).
struct ConfirmSettings {
    bool enable = true;
    unsigned challenges_per_hour = 1000;
    unsigned challenges_per_account = 50;  ///< in a day
    unsigned challenges_per_sender = 3;    ///< in a day, from all accounts together
};

settings::TableOf<ConfirmSettings> confirm_table();

}  // namespace postrider::filter
