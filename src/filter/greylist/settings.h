#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "settings/setting.h"

namespace postrider::filter {

/// How much of an address makes a triplet.
enum class AddressPart : std::uint8_t { whole, domain, none };

struct GreylistSettings {
    bool enable = false;
    std::chrono::seconds min_delay{300};
    std::chrono::hours retry_window{48};
    std::chrono::hours lifetime{36 * 24};
    unsigned v4_bits = 24;
    unsigned v6_bits = 64;
    AddressPart sender = AddressPart::whole;
    AddressPart recipient = AddressPart::whole;
    unsigned learn_after = 5;  ///< triplets of a network that have passed; 0: networks are not learned
    std::uint32_t max_entries = 1'000'000;
    std::vector<std::string> exclusions;  ///< IP sets
    std::vector<std::string> excluded_senders;
    std::vector<std::string> excluded_recipients;
};

settings::TableOf<GreylistSettings> greylist_table();

}  // namespace postrider::filter
