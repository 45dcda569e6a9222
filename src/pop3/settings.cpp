#include "pop3/settings.h"

namespace postrider::pop3 {
namespace {

using namespace settings;

ListenerSettings default_listener() {
    ListenerSettings listener;
    listener.address = "127.0.0.1:110";
    return listener;
}

using S = Pop3Settings;
constexpr Setting<S> rows[] = {
    {.field = inlined<&S::service, service_table>},
    {.name = "listeners",
     .field = object_set<&S::listeners, listener_table, default_listener>,
     .help = "Where POP3 is spoken.",
     .key = "address"},
    {.field = inlined<&S::login, auth::login_table>},
    {.name = "pop3ExclusiveLock",
     .field = field<&S::exclusive_lock>,
     .help = "Only one POP3 session at a time may have a mailbox open (RFC 1939 section 8)."},
    {.name = "greetingsText",
     .field = field<&S::greeting>,
     .range = {0, 1024},
     .help = "The greeting. %D is the domain or host name, %U the time stamp that APOP needs."},
};

}  // namespace

TableOf<Pop3Settings> pop3_table() {
    return {rows, "pop3", "POP3: a mailbox fetched by a mail program."};
}

}  // namespace postrider::pop3
