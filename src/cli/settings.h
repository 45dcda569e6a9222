#pragma once

#include "settings/common.h"

namespace postrider::cli {

struct CliSettings {
    settings::ServiceSettings service;
    std::vector<settings::ListenerSettings> listeners{default_listener()};
    unsigned max_auth_commands = 20;  ///< commands before log-in, wrong or not; 0: unlimited

    static settings::ListenerSettings default_listener();
};

settings::TableOf<CliSettings> cli_table();

}  // namespace postrider::cli
