#pragma once

#include <string_view>

#include "settings/account.h"

namespace postrider::directory {

/// What a person may use; a service must be allowed at server, domain and account level. smtp_incoming is
/// submission (SMTP AUTH), not the receiving of mail.
using Service = settings::AccountService;
using Services = settings::Set<Service>;

constexpr Services all_services() {
    return {Service::smtp_incoming, Service::pop3, Service::imap, Service::rpop};
}

/// As attributes and log lines spell it: "smtpIncoming".
constexpr std::string_view word(Service service) {
    switch (service) {
        case Service::smtp_incoming: return "smtpIncoming";
        case Service::pop3: return "pop3";
        case Service::imap: return "imap";
        case Service::rpop: return "rpop";
    }
    return "";
}

}  // namespace postrider::directory
