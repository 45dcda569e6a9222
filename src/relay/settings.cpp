#include "relay/settings.h"

namespace postrider::relay {
namespace {

using namespace settings;

constexpr Choice policies[] = {{"none", TlsPolicy::none},
                               {"may", TlsPolicy::may},
                               {"encrypt", TlsPolicy::encrypt},
                               {"verify", TlsPolicy::verify}};
constexpr Choice versions[] = {{"tls1", TlsVersion::tls1},
                               {"tls1_1", TlsVersion::tls1_1},
                               {"tls1_2", TlsVersion::tls1_2},
                               {"tls1_3", TlsVersion::tls1_3}};

using R = Route;
constexpr Setting<R> route_rows[] = {
    {.name = "name",
     .field = field<&R::name>,
     .range = {1, 100},
     .help = "What logs and the queue call it: letters, digits, '-' and '.'.",
     .format = Format::host_name,
     .required = true},
    {.name = "recipientDomains",
     .field = field<&R::recipient_domains>,
     .range = {0, 10'000},
     .help = "Mail to these domains goes this way; *.example.org for all below example.org; empty for all."},
    {.name = "senderDomains",
     .field = field<&R::sender_domains>,
     .range = {0, 10'000},
     .help = "Only mail from senders of these domains goes this way; empty for all, <> for reports."},
    {.name = "remoteSmtpHost",
     .field = field<&R::host>,
     .range = {0, 255},
     .help = "The host that takes this mail: a name or, in brackets, an address. Empty: the MX hosts of each "
             "domain."},
    {.name = "remoteSmtpPort", .field = field<&R::port>, .range = {1, 65535}, .help = "Its port."},
    {.name = "sslEnabled",
     .field = field<&R::ssl_enabled>,
     .help = "TLS from the first octet on (port 465), not STARTTLS."},
    {.name = "allowStartTLS",
     .field = field<&R::allow_start_tls>,
     .help = "Use STARTTLS where it is offered; no is the same as tlsPolicy none."},
    {.name = "tlsPolicy",
     .field = choice<&R::tls_policy, policies>,
     .help = "none: never; may: where it is offered; encrypt: only with TLS; verify: only with TLS and a "
             "certificate of the host's name from a known authority."},
    {.name = "allowedSSLVersions",
     .field = choice<&R::allowed_versions, versions>,
     .help = "TLS versions that are spoken; empty for TLS 1.2 and 1.3."},
    {.name = "authUserName",
     .field = field<&R::user>,
     .range = {0, 255},
     .help = "User name to log in with; empty: no log-in."},
    {.name = "authPassword",
     .field = field<&R::password>,
     .range = {0, 255},
     .help = "Its password. PLAIN and LOGIN are used only over TLS.",
     .secret = true},
    {.name = "relayLocalIp",
     .field = field<&R::local_ip>,
     .range = {0, 45},
     .help = "Address of ours that the connections come from; empty: the sender domain's or the system's."},
    {.name = "certFile",
     .field = field<&R::cert_file>,
     .range = {0, 4096},
     .help = "PEM file with key and certificate that we show when the host asks for one.",
     .format = Format::path},
};

TableOf<Route> route_table() {
    return {route_rows, "route", "Mail that goes another way than the DNS says, or under other conditions."};
}

using O = Source;
constexpr Setting<O> source_rows[] = {
    {.name = "senderDomain",
     .field = field<&O::domain>,
     .range = {1, 255},
     .help = "Domain of the sender; * for all that have no line of their own.",
     .required = true},
    {.name = "localIp",
     .field = field<&O::local_ip>,
     .range = {0, 45},
     .help = "IPv4 address of ours that its mail leaves from; empty: the system's choice."},
    {.name = "localIp6", .field = field<&O::local_ip6>, .range = {0, 45}, .help = "The same for IPv6."},
    {.name = "heloName",
     .field = field<&O::helo>,
     .range = {0, 255},
     .help = "The name that we give from there; it should be that of the address. Empty: serverName.",
     .format = Format::host_name},
};

TableOf<Source> source_table() {
    return {source_rows, "source", "The address from which mail of a domain leaves."};
}

using P = Patience;
constexpr Setting<P> patience_rows[] = {
    {.name = "connectTimeout",
     .field = field<&P::connect>,
     .range = {1, 600},
     .help = "Wait for a connection, for each address.",
     .unit = "s"},
    {.name = "commandTimeout",
     .field = field<&P::command>,
     .range = {1, 3600},
     .help = "Wait for the greeting and for answers to EHLO, MAIL and RCPT (RFC 5321 section 4.5.3.2).",
     .unit = "s"},
    {.name = "dataTimeout",
     .field = field<&P::data>,
     .range = {1, 3600},
     .help = "Wait for the answer to DATA.",
     .unit = "s"},
    {.name = "blockTimeout",
     .field = field<&P::block>,
     .range = {1, 3600},
     .help = "Wait for the host to take any more of the message.",
     .unit = "s"},
    {.name = "endTimeout",
     .field = field<&P::end>,
     .range = {1, 3600},
     .help = "Wait for the answer to the message. Given up too early, it is sent twice.",
     .unit = "s"},
};

TableOf<Patience> patience_table() {
    return {patience_rows, "patience", "How long the other side may take."};
}

using S = OutgoingSettings;
constexpr Setting<S> rows[] = {
    {.field = inlined<&S::log, log_producer_table>},
    {.name = "maxConnThreads",
     .field = field<&S::max_threads>,
     .range = {1, 128},
     .help = "Threads for what waits for the disk."},
    {.name = "minConnThreads",
     .field = field<&S::min_threads>,
     .range = {1, 128},
     .help = "Threads that are always there."},
    {.name = "enableIPv6",
     .field = field<&S::ipv6>,
     .help =
         "Also send to IPv6 addresses. The server's own address must have a name and be allowed to send."},
    {.name = "routes",
     .field = object_set<&S::routes, route_table>,
     .range = {0, 10'000},
     .help = "Exceptions from routing by MX. The first whose domains match counts.",
     .key = "name"},
    {.name = "sources",
     .field = object_set<&S::sources, source_table>,
     .range = {0, 10'000},
     .help = "Which address mail leaves from, by the sender's domain.",
     .key = "senderDomain"},
    {.name = "remoteSmtpPort",
     .field = field<&S::port>,
     .range = {1, 65535},
     .help = "Port of hosts that were found by MX. Another than 25 is for tests."},
    {.name = "tlsPolicy",
     .field = choice<&S::tls_policy, policies>,
     .help = "As in a route, for all mail that no route says otherwise of."},
    {.name = "enableDANE",
     .field = field<&S::dane>,
     .help = "Believe TLSA records that DNSSEC vouches for (RFC 7672)."},
    {.name = "enableMTASTS", .field = field<&S::mta_sts>, .help = "Ask for MTA-STS policies (RFC 8461)."},
    {.name = "mtaStsPort",
     .field = field<&S::sts_port>,
     .range = {1, 65535},
     .help = "Port of the web servers that policies are fetched from. Another than 443 is for tests."},
    {.name = "enableTLSReports",
     .field = field<&S::tls_reports>,
     .help = "Tell domains that ask for it (TLS-RPT, RFC 8460) once a day how TLS with their hosts went."},
    {.name = "tlsReportSender",
     .field = field<&S::tls_report_sender>,
     .range = {0, 254},
     .help = "Address that those reports come from and that questions about them go to.",
     .default_help = "postmaster of the primary domain"},
    {.name = "caFile",
     .field = field<&S::ca_file>,
     .range = {0, 4096},
     .help = "PEM file with the authorities that are believed.",
     .format = Format::path,
     .default_help = "the system's"},
    {.name = "maxConnections",
     .field = field<&S::max_connections>,
     .range = {1, 10'000},
     .help = "Connections to other hosts at once."},
    {.name = "maxConnectionsPerHost",
     .field = field<&S::max_connections_per_host>,
     .range = {1, 1000},
     .help = "Most connections to one address; how many are used depends on what waits and on how the host "
             "bears it."},
    {.name = "maxMessagesPerConnection",
     .field = field<&S::max_messages_per_connection>,
     .range = {1, 100'000},
     .help = "Messages after which a connection is closed."},
    {.name = "maxRecipients",
     .field = field<&S::max_recipients>,
     .range = {1, 10'000},
     .help = "Recipients named in one transaction. RFC 5321 section 4.5.3.1.8 lets a host refuse more than "
             "100."},
    {.name = "idleReuse",
     .field = field<&S::idle_reuse>,
     .range = {0, 300},
     .help = "How long an unused connection is kept for further mail to the same host; 0: not at all.",
     .unit = "s"},
    {.field = inlined<&S::patience, patience_table>},
    {.name = "messageMemory",
     .field = field<&S::message_memory>,
     .range = {16'384, 16'777'216},
     .help = "Memory for messages on their way out, of all connections together; a single larger one may "
             "pass it.",
     .unit = "KB"},
};

}  // namespace

TableOf<OutgoingSettings> outgoing_table() {
    return {rows, "smtpOutgoing", "Sending mail to other hosts."};
}

}  // namespace postrider::relay
