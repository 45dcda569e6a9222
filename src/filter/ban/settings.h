#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "settings/setting.h"

namespace postrider::filter {

/// How many of each, within the window, a network may do before it is shut out; 0: any number.
struct BanSettings {
    bool enable = true;
    unsigned failed_logins = 60;
    unsigned protocol_errors = 20;  ///< sessions that were ended for their mistakes
    unsigned unknown_recipients = 50;
    unsigned trap_hits = 1;
    std::vector<std::string> traps;  ///< addresses that nobody has a reason to write to
    std::chrono::seconds window{600};
    std::chrono::seconds first_ban{600};
    std::chrono::seconds longest_ban{24 * 3600};
    std::chrono::hours remembered{7 * 24};
    unsigned v4_bits = 32;
    unsigned v6_bits = 64;
    std::vector<std::string> exclusions{"127.0.0.0/8", "::1"};
};

/// Within the interval; 0: any number.
struct RateSettings {
    unsigned client_messages = 0;
    unsigned client_recipients = 0;
    unsigned sender_domain_messages = 0;
    std::chrono::seconds interval{60};
    std::vector<std::string> exclusions{"127.0.0.0/8", "::1"};
};

settings::TableOf<BanSettings> ban_table();
settings::TableOf<RateSettings> rate_table();

}  // namespace postrider::filter
