#include "imap/settings.h"

namespace postrider::imap {
namespace {

using settings::Setting;

settings::ListenerSettings listener() {
    settings::ListenerSettings made;
    made.address = "127.0.0.1:143";
    made.idle_timeout = default_idle_timeout;
    return made;
}

constexpr Setting<ImapSettings> rows[] = {
    {.field = settings::inlined<&ImapSettings::service, settings::service_table>},
    {.name = "listeners",
     .field = settings::object_set<&ImapSettings::listeners, settings::listener_table, listener>,
     .help = "Addresses on which IMAP is served.",
     .key = "address"},
    {.field = settings::inlined<&ImapSettings::login, auth::login_table>},
    {.name = "greetingsText",
     .field = settings::field<&ImapSettings::greeting>,
     .range = {0, 1024},
     .help = "What a client sees first, behind the capabilities."},
    {.name = "imapIdEnabled",
     .field = settings::field<&ImapSettings::id_enabled>,
     .help = "Whether the ID command (RFC 2971) is offered."},
    {.name = "imapShowAllFolders",
     .field = settings::field<&ImapSettings::show_all_folders>,
     .help =
         "Whether folders that hold no mail (calendars, contacts, tasks, notes, journals) are listed too."},
    {.name = "maxMessageSize",
     .field = settings::field<&ImapSettings::max_message_size>,
     .range = {64, 1048576},
     .help = "The largest message, or the largest sum of messages, that one APPEND takes.",
     .unit = "KB"},
    {.name = "messageLimit",
     .field = settings::field<&ImapSettings::message_limit>,
     .range = {0, 10'000},
     .help =
         "How many messages one command may fetch, search, store, copy, move or expunge (RFC 9738, which "
         "asks "
         "for no less than 1000); 0: as many as there are. In larger folders, mail programs that do not know "
         "this limit see the newest messages alone."},
    {.name = "loginTimeout",
     .field = settings::field<&ImapSettings::login_timeout>,
     .range = {10, 3600},
     .help = "How long a connection may take to log in.",
     .unit = "s"},
};

}  // namespace

ImapSettings::ImapSettings() : listeners{listener()} {}

settings::TableOf<ImapSettings> imap_table() {
    return {rows, "imap", "The IMAP service."};
}

}  // namespace postrider::imap
