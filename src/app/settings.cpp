#include "app/settings.h"

namespace postrider::app {
namespace {

using namespace settings;
using S = Settings;

constexpr Setting<S> rows[] = {
    {.name = "dnr", .field = object<&S::dnr, dns::dnr_table>, .help = "Questions to the DNS."},
    {.name = "processing",
     .field = object<&S::processing, delivery::processing_table>,
     .help = "What happens to mail between its reception and its delivery."},
    {.name = "smtpIncoming", .field = object<&S::smtp, smtp::smtp_table>, .help = "Receiving mail."},
    {.name = "smtpOutgoing",
     .field = object<&S::outgoing, relay::outgoing_table>,
     .help = "Sending mail to other hosts."},
    {.name = "imap", .field = object<&S::imap, imap::imap_table>, .help = "Reading mail by IMAP."},
    {.name = "pop3", .field = object<&S::pop3, pop3::pop3_table>, .help = "Fetching mail by POP3."},
    {.name = "rpop",
     .field = object<&S::rpop, rpop::rpop_table>,
     .help = "Fetching mail from mailboxes elsewhere."},
    {.name = "cli",
     .field = object<&S::cli, cli::cli_table>,
     .help = "Administration by a dialogue of lines."},
    {.name = "antiSpam",
     .field = object<&S::anti_spam, filter::anti_spam_table>,
     .help = "What the server learns and remembers about senders."},
    {.field = inlined<&S::server, server_table>},
};

}  // namespace

TableOf<Settings> settings_table() {
    return {rows, "Server", "The whole server."};
}

}  // namespace postrider::app
