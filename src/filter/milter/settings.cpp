#include "filter/milter/settings.h"

namespace postrider::filter::milter {
namespace {

using namespace settings;
using S = MilterSettings;

constexpr Choice modes[] = {
    {"tempfail", FailureMode::tempfail}, {"accept", FailureMode::accept}, {"reject", FailureMode::reject}};

constexpr Setting<S> rows[] = {
    {.name = "name",
     .field = field<&S::name>,
     .range = {1, 64},
     .help = "What logs call it.",
     .required = true},
    {.name = "enable", .field = field<&S::enable>, .help = "Whether it is asked."},
    {.name = "address",
     .field = field<&S::address>,
     .range = {1, 320},
     .help = "Where it listens: inet://host:port or local:///path.",
     .required = true},
    {.name = "actionOnFailure",
     .field = choice<&S::on_failure, modes>,
     .help = "What becomes of mail while it does not answer or talks nonsense: senders are asked to try "
             "again, it is "
             "passed over, or mail is refused."},
    {.name = "protocolVersion",
     .field = field<&S::protocol_version>,
     .range = {2, 6},
     .help = "The highest version of the milter protocol that is offered to it."},
    {.name = "connectTimeout",
     .field = field<&S::connect_timeout>,
     .range = {1, 300},
     .help = "How long a connection and the negotiation may take.",
     .unit = "s"},
    {.name = "commandTimeout",
     .field = field<&S::command_timeout>,
     .range = {1, 3600},
     .help = "How long it may think about one command of SMTP, one header field or one piece of the body.",
     .unit = "s"},
    {.name = "contentTimeout",
     .field = field<&S::content_timeout>,
     .range = {1, 3600},
     .help = "How long it may be silent when it has the whole message.",
     .unit = "s"},
    {.name = "idleTimeout",
     .field = field<&S::idle_timeout>,
     .range = {0, 3600},
     .help = "How long a connection is kept for the next client; 0: it is not kept. Only for milters that "
             "can serve "
             "several sessions on one connection, as rspamd can; those that use libmilter often cannot.",
     .unit = "s"},
    {.name = "skipAuthenticated",
     .field = field<&S::skip_authenticated>,
     .help = "Mail of clients that have logged in is not shown to it."},
};

}  // namespace

TableOf<MilterSettings> milter_table() {
    return {rows, "milter", "A filter that follows SMTP sessions by the milter protocol."};
}

}  // namespace postrider::filter::milter
