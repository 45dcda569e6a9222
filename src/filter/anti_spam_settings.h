#pragma once

#include "filter/ban/settings.h"
#include "filter/confirm/settings.h"
#include "filter/spam/settings.h"

namespace postrider::filter {

/// What stands in `antiSpam = { ... }`.
struct AntiSpamSettings {
    BanSettings bans;
    RateSettings rates;
    SpamSettings spam;
    ConfirmSettings confirm;
};
settings::TableOf<AntiSpamSettings> anti_spam_table();

}  // namespace postrider::filter
