#include "filter/signing/settings.h"

namespace postrider::filter {
namespace {

using namespace settings;

using K = DkimKey;
constexpr Setting<K> key_rows[] = {
    {.name = "domain",
     .field = field<&K::domain>,
     .range = {1, 255},
     .help =
         "The domain that signs (d=). Domains below it that have no key of their own are signed for, too.",
     .required = true},
    {.name = "selector",
     .field = field<&K::selector>,
     .range = {1, 200},
     .help = "Under which name the public key is in the DNS: selector._domainkey.domain.",
     .required = true},
    {.name = "keyFile",
     .field = field<&K::key_file>,
     .range = {1, 4096},
     .help = "The private key, RSA or Ed25519, in PEM; `postrider dkim keygen` makes one.",
     .format = Format::path,
     .required = true},
    {.name = "signFrom",
     .field = field<&K::from>,
     .range = {0, 20},
     .help =
         "First day (UTC) on which the key signs, as 2026-11-20; empty: it does already. Of several keys of "
         "one kind the one that began last signs, so that keys can be changed ahead of time."},
    {.name = "signUntil",
     .field = field<&K::until>,
     .range = {0, 20},
     .help = "First day (UTC) on which the key does not sign any more; empty: it stays."},
    {.name = "enable", .field = field<&K::enable>, .help = "Whether the key is used."},
};

using S = SigningSettings;
constexpr Setting<S> rows[] = {
    {.name = "enable",
     .field = field<&S::enable>,
     .help = "Whether mail of our users to other hosts is signed (DKIM, RFC 6376). With an RSA and an "
             "Ed25519 key of "
             "a domain it gets two signatures."},
    {.name = "domainKeys",
     .field = field<&S::domainkeys>,
     .help = "Whether it gets a signature of the predecessor of DKIM too (RFC 4870), by the RSA key. Nobody "
             "looks "
             "at those any more."},
    {.name = "arcSeal",
     .field = field<&S::arc>,
     .help = "Whether mail from elsewhere that goes on to other hosts (forwarders, lists, redirects) is "
             "sealed with "
             "what we have found out about it (ARC, RFC 8617)."},
    {.name = "arcDomain",
     .field = field<&S::arc_domain>,
     .range = {0, 255},
     .help = "The domain whose key seals.",
     .default_help = "the primary domain"},
    {.name = "dkimKeys",
     .field = object_set<&S::keys, dkim_key_table>,
     .range = {0, 10'000},
     .help = "The keys. They are read again when the configuration is."},
};

}  // namespace

TableOf<DkimKey> dkim_key_table() {
    return {key_rows, "dkimKey", "A key that signs for a domain."};
}
TableOf<SigningSettings> signing_table() {
    return {rows, "signing", "Signatures of mail that leaves."};
}

}  // namespace postrider::filter
