#include "dns/settings.h"

namespace postrider::dns {
namespace {

using namespace settings;

constexpr Choice dnssec_words[] = {{"no", Dnssec::no}, {"auto", Dnssec::automatic}, {"yes", Dnssec::yes}};

using N = NameServer;
constexpr Setting<N> server_rows[] = {
    {.name = "priority",
     .field = field<&N::priority>,
     .range = {0, 65535},
     .help = "The server with the lowest priority is asked; the next one when it does not answer."},
    {.name = "address",
     .field = field<&N::address>,
     .range = {1, 64},
     .help = "Address of the name server; with a port where that is not 53.",
     .format = Format::ip_maybe_port,
     .required = true},
    {.name = "timeout",
     .field = field<&N::timeout>,
     .range = {1, 120},
     .help = "How long an answer is waited for; doubled on each retry.",
     .unit = "s"},
    {.name = "retries",
     .field = field<&N::retries>,
     .range = {0, 10},
     .help = "How many times the question is asked again before the next server is asked."},
};

using S = DnrSettings;
constexpr Setting<S> rows[] = {
    {.field = inlined<&S::log, log_producer_table>},
    {.name = "timeout",
     .field = field<&S::timeout>,
     .range = {1, 120},
     .help = "How long an answer of the system's name servers is waited for; doubled on each retry.",
     .unit = "s"},
    {.name = "retries",
     .field = field<&S::retries>,
     .range = {0, 10},
     .help = "How many times the system's name servers are asked again."},
    {.name = "cacheSize",
     .field = field<&S::cache_size>,
     .range = {1, 1'000'000},
     .help = "Answers that are kept of each query type."},
    {.name = "nameServers",
     .field = object_set<&S::name_servers, name_server_table>,
     .range = {0, 10},
     .help =
         "The name servers, by priority. Without any, those of the operating system (/etc/resolv.conf) are "
         "asked, in their order; without those, the name servers of the Internet from the root on."},
    {.name = "dnssec",
     .field = choice<&S::dnssec, dnssec_words>,
     .help = "Whether answers are validated (DNSSEC). auto: as long as there is a trust anchor and the name "
             "servers pass on signatures; a name server that removes them is then used without. yes: what "
             "cannot be validated counts as a failure of the DNS. DANE needs validated answers."},
    {.name = "trustAnchorFile",
     .field = field<&S::trust_anchor_file>,
     .range = {0, 4096},
     .help = "DS or DNSKEY records in which validation begins, as a zone file has them. Debian keeps those "
             "of the "
             "root in the package dns-root-data.",
     .format = Format::path},
    {.name = "unsignedDomains",
     .field = field<&S::unsigned_domains>,
     .range = {0, 1000},
     .help = "Domains that are not validated: those that exist inside one's own network only."},
    {.name = "maxQuestions",
     .field = field<&S::max_questions>,
     .range = {1, 10'000},
     .help = "Questions that may wait for name servers at once; further ones wait for their turn."},
};

}  // namespace

TableOf<NameServer> name_server_table() {
    return {server_rows, "nameServer", "A name server."};
}
TableOf<DnrSettings> dnr_table() {
    return {rows, "dnr", "Questions to the DNS."};
}

}  // namespace postrider::dns
