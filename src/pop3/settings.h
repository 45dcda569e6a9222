#pragma once

#include "auth/login_settings.h"
#include "settings/common.h"

namespace postrider::pop3 {

struct Pop3Settings {
    settings::ServiceSettings service;
    std::vector<settings::ListenerSettings> listeners;
    auth::LoginSettings login;
    bool exclusive_lock = true;
    std::string greeting = "Postrider POP3 server on %D ready %U";
};

settings::TableOf<Pop3Settings> pop3_table();

}  // namespace postrider::pop3
