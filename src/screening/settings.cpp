#include "screening/settings.h"

namespace postrider::screening {
namespace {

using namespace settings;
using A = AuthenticationSettings;
using S = ScreeningSettings;

constexpr Choice consequences[] = {{"none", Consequence::none},
                                   {"mark", Consequence::mark},
                                   {"tmpreject", Consequence::tmpreject},
                                   {"reject", Consequence::reject}};

constexpr Setting<A> authentication_rows[] = {
    {.name = "enable",
     .field = field<&A::enable>,
     .help = "Whether mail from other hosts is checked. Mail from clients that have logged in never is."},
    {.name = "checkSPF",
     .field = field<&A::spf>,
     .help = "Whether the client may send for the sender's domain (RFC 7208)."},
    {.name = "checkDKIM", .field = field<&A::dkim>, .help = "Signatures of domains (RFC 6376)."},
    {.name = "checkDMARC",
     .field = field<&A::dmarc>,
     .help = "Whether either belongs to the domain that people read in From."},
    {.name = "checkARC",
     .field = field<&A::arc>,
     .help = "What those have found who passed the message on (RFC 8617)."},
    {.name = "checkReverseDNS",
     .field = field<&A::reverse_dns>,
     .help = "Whether the client's address has a name that leads back to it; recorded only."},
    {.name = "checkDomainKeys",
     .field = field<&A::domainkeys>,
     .help = "Signatures of the predecessor of DKIM (RFC 4870)."},
    {.name = "checkBIMI", .field = field<&A::bimi>, .help = "The sender's logo, recorded in the header."},
    {.name = "spfFail",
     .field = choice<&A::spf_fail, consequences>,
     .help =
         "What becomes of mail from a client that its sender's domain excludes. Forwarded mail fails, too: "
         "DMARC, which looks at both SPF and DKIM, is the better judge."},
    {.name = "spfTempError",
     .field = choice<&A::spf_temperror, consequences>,
     .help = "What becomes of mail whose SPF record cannot be read now."},
    {.name = "spfPermError",
     .field = choice<&A::spf_permerror, consequences>,
     .help = "What becomes of mail whose SPF record is wrong."},
    {.name = "spfNone",
     .field = choice<&A::spf_none, consequences>,
     .help = "What becomes of mail from domains that publish nothing."},
    {.name = "ehloSpfFail",
     .field = choice<&A::ehlo_spf_fail, consequences>,
     .help = "What becomes of a client at EHLO when the name it gives itself excludes its address (RFC 7208 "
             "§2.3). While this and the next two are none, SPF is not asked about at EHLO."},
    {.name = "ehloSpfError",
     .field = choice<&A::ehlo_spf_error, consequences>,
     .help = "The same where that name's SPF record is wrong or cannot be read now."},
    {.name = "ehloSpfNone",
     .field = choice<&A::ehlo_spf_none, consequences>,
     .help = "The same where that name publishes no SPF record."},
    {.name = "dmarcQuarantine",
     .field = choice<&A::dmarc_quarantine, consequences>,
     .help = "What becomes of mail whose domain asks for quarantine."},
    {.name = "dmarcReject",
     .field = choice<&A::dmarc_reject, consequences>,
     .help = "What becomes of mail whose domain asks for rejection."},
    {.name = "markLevel",
     .field = field<&A::mark_level>,
     .range = {1, 10},
     .help = "Spam level of mail that is marked."},
    {.name = "trustedSealers",
     .field = field<&A::trusted_sealers>,
     .range = {0, 1000},
     .help = "Domains of mailing lists and forwarders: where one of them has sealed the message last and the "
             "chain is whole, a failed DMARC check has no consequence."},
    {.name = "usePublicSuffixList",
     .field = field<&A::public_suffix_list>,
     .help = "Find the domain of an organization by the public suffix list instead of the DNS."},
};

TableOf<A> authentication_table() {
    return {authentication_rows, "messageAuthentication", "Who has really sent this?"};
}

constexpr Setting<S> rows[] = {
    {.name = "smtpFiltersFile",
     .field = field<&S::policy_file>,
     .range = {1, 4096},
     .help =
         "The policy script that is asked at each step of receiving and sending mail. A script with errors "
         "does not come into force: the one before stays.",
     .format = Format::path},
    {.name = "trustedClients",
     .field = field<&S::trusted_clients>,
     .range = {0, 1000},
     .help = "Clients of our own: nothing is looked up about them or their mail.",
     .format = Format::ip_set},
    {.name = "messageAuthentication",
     .field = object<&S::authentication, authentication_table>,
     .help = "SPF, DKIM, DMARC and ARC of received mail."},
    {.name = "dnsChecks",
     .field = object<&S::dns, filter::dns_checks_table>,
     .help = "What the DNS and its block lists say about clients and senders."},
    {.name = "greylist",
     .field = object<&S::greylist, filter::greylist_table>,
     .help = "Strangers have to try twice."},
    {.name = "countryFilter",
     .field = object<&S::country, filter::country_table>,
     .help = "Where clients are."},
    {.name = "milters",
     .field = object_set<&S::milters, filter::milter::milter_table>,
     .range = {0, 20},
     .help = "Mail filters that follow each SMTP session, in this order (but LMTP's).",
     .key = "name"},
};

}  // namespace

TableOf<ScreeningSettings> screening_table() {
    return {rows, "screening", "What is asked before mail is taken."};
}

}  // namespace postrider::screening
