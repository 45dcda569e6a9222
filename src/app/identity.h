#pragma once

#include <string>

#include "admin/dns_check.h"
#include "app/settings.h"

namespace postrider::app {

/// serverName, or the host's name.
std::string name_of_server(const Settings& settings);

/// Who this server is to others, by its settings and the machine it runs on; sts_policy stays empty.
/// @param directory  that paths of the settings are relative to
admin::Identity identity_of(const Settings& settings, const std::string& host, const std::string& directory);

}  // namespace postrider::app
