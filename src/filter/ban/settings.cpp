#include "filter/ban/settings.h"

namespace postrider::filter {
namespace {

using namespace settings;

using B = BanSettings;
constexpr Setting<B> ban_rows[] = {
    {.name = "enable",
     .field = field<&B::enable>,
     .help = "Whether addresses from which attacks come are shut out for a while, from all services."},
    {.name = "maxFailedLogins",
     .field = field<&B::failed_logins>,
     .range = {0, 100'000},
     .help = "Failed log-ins within the window; 0 for any number, as in the next two."},
    {.name = "maxProtocolErrors",
     .field = field<&B::protocol_errors>,
     .range = {0, 100'000},
     .help = "Sessions within the window that were ended for their mistakes."},
    {.name = "maxUnknownRecipients",
     .field = field<&B::unknown_recipients>,
     .range = {0, 100'000},
     .help = "Recipients within the window that do not exist. Who has logged in is not counted."},
    {.name = "maxTrapHits",
     .field = field<&B::trap_hits>,
     .range = {0, 1000},
     .help = "Recipients within the window that are traps; 0 switches traps off."},
    {.name = "traps",
     .field = field<&B::traps>,
     .range = {0, 1000},
     .help = "Addresses, also with '*' and '?', that nobody has a reason to write to: left on web pages for "
             "who collects "
             "addresses. They need not exist."},
    {.name = "window",
     .field = field<&B::window>,
     .range = {10, 86'400},
     .help = "How long what was done counts.",
     .unit = "s"},
    {.name = "banTime",
     .field = field<&B::first_ban>,
     .range = {10, 2'592'000},
     .help = "How long the first ban of an address lasts; each further one twice as long as the one before.",
     .unit = "s"},
    {.name = "maxBanTime",
     .field = field<&B::longest_ban>,
     .range = {10, 31'536'000},
     .help = "No ban lasts longer.",
     .unit = "s"},
    {.name = "rememberTime",
     .field = field<&B::remembered>,
     .range = {1, 8760},
     .help = "How long after its last ban an address counts as new again.",
     .unit = "hours"},
    {.name = "ipv4Mask",
     .field = field<&B::v4_bits>,
     .range = {8, 32},
     .help = "Bits of an IPv4 address that count: with fewer than 32 a whole network is shut out."},
    {.name = "ipv6Mask", .field = field<&B::v6_bits>, .range = {16, 128}, .help = "The same for IPv6."},
    {.name = "exclusions",
     .field = field<&B::exclusions>,
     .range = {0, 10'000},
     .help = "Addresses that are never shut out by the server itself.",
     .format = Format::ip_set},
};

using R = RateSettings;
constexpr Setting<R> rate_rows[] = {
    {.name = "clientMessages",
     .field = field<&R::client_messages>,
     .range = {0, 1'000'000},
     .help = "Messages from one address (IPv6: a /64) within the interval; 0 for any number, as in the next "
             "two. Who has "
             "logged in has the limits of the account instead."},
    {.name = "clientRecipients",
     .field = field<&R::client_recipients>,
     .range = {0, 1'000'000},
     .help = "Recipients of messages from one address within the interval."},
    {.name = "senderDomainMessages",
     .field = field<&R::sender_domain_messages>,
     .range = {0, 1'000'000},
     .help = "Messages with a sender of one domain within the interval."},
    {.name = "interval",
     .field = field<&R::interval>,
     .range = {1, 86'400},
     .help = "The interval.",
     .unit = "s"},
    {.name = "exclusions",
     .field = field<&R::exclusions>,
     .range = {0, 10'000},
     .help = "Clients that are not counted.",
     .format = Format::ip_set},
};

}  // namespace

TableOf<BanSettings> ban_table() {
    return {ban_rows, "bans", "Attackers are shut out for a while."};
}
TableOf<RateSettings> rate_table() {
    return {rate_rows, "rateLimits",
            "How much mail is taken from one source; connections: see the listeners."};
}

}  // namespace postrider::filter
