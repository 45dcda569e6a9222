#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "auth/login_settings.h"
#include "settings/common.h"

/// What an operator can set of IMAP: the configuration file's `imap = { ... }`.
namespace postrider::imap {

inline constexpr std::chrono::seconds default_idle_timeout{1800};  ///< RFC 9051 §5.4 asks for 30 minutes

struct ImapSettings {
    settings::ServiceSettings service;
    std::vector<settings::ListenerSettings> listeners;
    auth::LoginSettings login;
    std::string greeting = "Postrider IMAP4rev1 service is ready";
    bool id_enabled = true;
    bool show_all_folders = false;
    std::uint32_t max_message_size = 65536;  ///< KB
    std::uint32_t message_limit = 0;         ///< messages of one command (RFC 9738); 0: no limit
    std::chrono::seconds login_timeout{60};
    std::chrono::milliseconds progress_every{10'000};  ///< RFC 9585; not for operators

    ImapSettings();
};

settings::TableOf<ImapSettings> imap_table();

}  // namespace postrider::imap
