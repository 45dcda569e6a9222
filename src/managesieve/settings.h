#pragma once

#include "auth/login_settings.h"
#include "settings/common.h"

namespace postrider::managesieve {

struct ManageSieveSettings {
    settings::ServiceSettings service;
    std::vector<settings::ListenerSettings> listeners;
    auth::LoginSettings login;
};

settings::TableOf<ManageSieveSettings> managesieve_table();

}  // namespace postrider::managesieve
