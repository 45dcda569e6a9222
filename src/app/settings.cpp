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
    {.name = "signing",
     .field = object<&S::signing, filter::signing_table>,
     .help = "Signatures of mail that leaves."},
    {.name = "dmarcReports",
     .field = object<&S::dmarc_reports, filter::dmarc_report_table>,
     .help = "What domains are told about mail under their name."},
    {.name = "imap", .field = object<&S::imap, imap::imap_table>, .help = "Reading mail by IMAP."},
    {.name = "index", .field = object<&S::full_text, index::index_table>, .help = "Searching for texts."},
    {.name = "pop3", .field = object<&S::pop3, pop3::pop3_table>, .help = "Fetching mail by POP3."},
    {.name = "manageSieve",
     .field = object<&S::manage_sieve, managesieve::managesieve_table>,
     .help = "Keeping filtering scripts by ManageSieve."},
    {.name = "rpop",
     .field = object<&S::rpop, rpop::rpop_table>,
     .help = "Fetching mail from mailboxes elsewhere."},
    {.name = "cli",
     .field = object<&S::cli, cli::cli_table>,
     .help = "Administration by a dialogue of lines."},
    {.field = inlined<&S::screening, screening::screening_table>},
    {.name = "antiSpam",
     .field = object<&S::anti_spam, filter::anti_spam_table>,
     .help = "What the server learns and remembers about senders."},
    {.name = "xmpp",
     .field = object<&S::xmpp, xmpp::xmpp_table>,
     .help = "Telling people of their mail by XMPP."},
    {.field = inlined<&S::server, server_table>},
    {.field = inlined<&S::filters, filter::chain_table>},
    {.field = inlined<&S::scanners, filter::scanner_table>},
};

}  // namespace

TableOf<Settings> settings_table() {
    return {rows, "Server", "The whole server."};
}

}  // namespace postrider::app
