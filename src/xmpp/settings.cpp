#include "xmpp/settings.h"

namespace postrider::xmpp {
namespace {

using namespace settings;
using S = XmppSettings;

constexpr Choice tls_uses[] = {
    {"none", TlsUse::none}, {"may", TlsUse::may}, {"encrypt", TlsUse::encrypt}, {"verify", TlsUse::verify}};

constexpr Setting<S> rows[] = {
    {.field = inlined<&S::log, log_producer_table>},
    {.name = "jid",
     .field = field<&S::jid>,
     .range = {0, 2047},
     .help =
         "The server's own address at an XMPP server, like postrider@im.example.org: scripts may then tell "
         "people of their mail by XMPP. Empty: they may not."},
    {.name = "password",
     .field = field<&S::password>,
     .range = {0, 1024},
     .help = "Its password.",
     .secret = true},
    {.name = "host",
     .field = field<&S::host>,
     .range = {0, 255},
     .help = "Name or address of the XMPP server. Empty: what the JID's domain says in the DNS (SRV)."},
    {.name = "port", .field = field<&S::port>, .range = {1, 65535}, .help = "Its port; only with a host."},
    {.name = "tlsPolicy",
     .field = choice<&S::tls, tls_uses>,
     .help = "STARTTLS: none, may (where it is offered), encrypt (any certificate), verify (the certificate "
             "must be valid for the JID's domain or the host)."},
    {.name = "caFile",
     .field = field<&S::ca_file>,
     .range = {0, 1024},
     .help = "Who signs the server's certificate (PEM); none: the system's authorities.",
     .format = Format::path},
    {.name = "timeout",
     .field = field<&S::timeout>,
     .range = {1, 300},
     .help = "How long connecting, and then logging in, may take.",
     .unit = "s"},
    {.name = "maxWaiting",
     .field = field<&S::max_waiting>,
     .range = {1, 100'000},
     .help =
         "Notices that wait for the XMPP server, in memory; a tenth of them for one recipient. More are left "
         "out."},
    {.name = "keepFor",
     .field = field<&S::keep_for>,
     .range = {10, 604'800},
     .help = "How long a notice is tried; an older one is left out.",
     .unit = "s"},
};

}  // namespace

TableOf<XmppSettings> xmpp_table() {
    return {rows, "xmpp", "Telling people of their mail by XMPP, when their scripts ask for that."};
}

}  // namespace postrider::xmpp
