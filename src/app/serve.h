#pragma once

#include <string>
#include <vector>

#include "app/settings.h"

namespace postrider::app {

class Link;

/// What `postrider serve` was told.
struct ServeArguments {
    std::string directory, config, pid_file, core_directory, user, group, submit_socket;
    unsigned log_level = 31;
    bool log_level_given = false;
    unsigned watchdog = 120;  ///< seconds
    bool foreground = false, daemon = false, single = false, check = false;
};

/// The server itself, until a signal ends it; the exit code.
/// @param link   to the supervisor; nullptr: there is none
/// @param death  how the server before this one ended; "" = well, or there was none
int serve_here(const ServeArguments& arguments, Link* link, const std::string& death);

/// The same with a supervisor around it.
int serve_supervised(const ServeArguments& arguments);

/// Reads the configuration and says on standard error what is wrong with it.
int check_configuration(const ServeArguments& arguments);

}  // namespace postrider::app
