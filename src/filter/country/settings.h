#pragma once

#include <string>
#include <vector>

#include "settings/setting.h"

namespace postrider::filter {

enum class CountryMode : std::uint8_t {
    accept_only,  ///< mail from the countries named, and from no other
    block,        ///< none from the countries named
};

struct CountrySettings {
    bool enable = false;
    std::string file = "none";  ///< .mmdb or CSV
    CountryMode mode = CountryMode::block;
    std::vector<std::string> countries;   ///< two letters
    std::vector<std::string> exclusions;  ///< IP sets
};

settings::TableOf<CountrySettings> country_table();

}  // namespace postrider::filter
