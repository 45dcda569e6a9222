#pragma once

#include <string>
#include <vector>

#include "settings/common.h"

/// A server as src/app composes it, for tests: the shared attributes and one service with listeners.
namespace postrider::settings::test {

enum class Mechanism : std::uint8_t { plain, login, cram_md5, scram, scram_plus };

struct Mail {
    ServiceSettings service;
    std::vector<ListenerSettings> listeners;
    std::string greeting = "ready";
    std::string password;
    Set<Mechanism> mechanisms{Mechanism::plain, Mechanism::login, Mechanism::cram_md5};
    std::chrono::minutes cache{10};
    std::int16_t offset = -5;

    Mail();
};

struct Root {
    ServerSettings server;
    Mail imap;
};

inline ListenerSettings imap_listener() {
    ListenerSettings listener;
    listener.idle_timeout = 1800s;
    return listener;
}

inline Mail::Mail() {
    listeners = {imap_listener()};
    listeners[0].address = "127.0.0.1:143";
}

inline constexpr Choice mechanisms[] = {
    {"plain", Mechanism::plain},
    {"login", Mechanism::login},
    {"cram-md5", Mechanism::cram_md5},
    {"scram", Mechanism::scram, Mechanism::scram_plus},
    {"all", Mechanism::plain, Mechanism::login, Mechanism::cram_md5},
    Choice{"gssapi"},
};

inline constexpr Setting<Mail> mail_rows[] = {
    {.field = inlined<&Mail::service, service_table>},
    {.name = "listeners",
     .field = object_set<&Mail::listeners, listener_table, imap_listener>,
     .range = {0, 4},
     .help = "Where clients connect.",
     .key = "address"},
    {.name = "greetingsText",
     .field = field<&Mail::greeting>,
     .range = {0, 1024},
     .help = "What a client sees | first.",
     .old_name = "greetingText"},
    {.name = "password", .field = field<&Mail::password>, .help = "A secret.", .secret = true},
    {.name = "plainConnAuthTypes", .field = choice<&Mail::mechanisms, mechanisms>, .help = "Mechanisms."},
    {.name = "cache", .field = field<&Mail::cache>, .range = {1, 60}, .help = "Cache.", .unit = "minutes"},
    {.name = "offset", .field = field<&Mail::offset>, .help = "Any small number."},
};

inline TableOf<Mail> mail_table() {
    return {mail_rows, "imap", "The IMAP service."};
}

inline constexpr Setting<Root> root_rows[] = {
    {.field = inlined<&Root::server, server_table>},
    {.name = "imap", .field = object<&Root::imap, mail_table>, .help = "The IMAP service."},
};

inline TableOf<Root> root_table() {
    return {root_rows, "Server", "The whole server."};
}

}  // namespace postrider::settings::test
