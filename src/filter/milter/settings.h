#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "settings/setting.h"

namespace postrider::filter::milter {

/// What becomes of mail while a milter does not answer, or talks nonsense.
enum class FailureMode : std::uint8_t {
    tempfail,  ///< it is asked to come again
    accept,    ///< the milter is passed over
    reject,
};

/// One element of milters.
struct MilterSettings {
    std::string name;
    bool enable = true;
    std::string address;
    FailureMode on_failure = FailureMode::tempfail;
    std::uint32_t protocol_version = 6;
    std::chrono::seconds connect_timeout{10};
    std::chrono::seconds command_timeout{30};
    std::chrono::seconds content_timeout{300};
    std::chrono::seconds idle_timeout{0};
    bool skip_authenticated = false;
    friend bool operator==(const MilterSettings&, const MilterSettings&) = default;
};

settings::TableOf<MilterSettings> milter_table();

}  // namespace postrider::filter::milter
