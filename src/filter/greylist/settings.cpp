#include "filter/greylist/settings.h"

namespace postrider::filter {
namespace {

using namespace settings;

constexpr Choice parts[] = {
    {"address", AddressPart::whole}, {"domain", AddressPart::domain}, {"none", AddressPart::none}};

using S = GreylistSettings;
constexpr Setting<S> rows[] = {
    {.name = "enable",
     .field = field<&S::enable>,
     .help = "Whether mail from a client, sender and recipient that have not been seen together is put off "
             "once. Who "
             "has logged in is never put off."},
    {.name = "minDelay",
     .field = field<&S::min_delay>,
     .range = {1, 86'400},
     .help = "How long before a second try is taken.",
     .unit = "s"},
    {.name = "retryWindow",
     .field = field<&S::retry_window>,
     .range = {1, 720},
     .help = "How long a second try is waited for.",
     .unit = "hours"},
    {.name = "lifetime",
     .field = field<&S::lifetime>,
     .range = {1, 8760},
     .help = "How long who has passed passes again, since the last message.",
     .unit = "hours"},
    {.name = "ipv4Mask",
     .field = field<&S::v4_bits>,
     .range = {8, 32},
     .help = "Bits of an IPv4 address that count: large senders try again from another address nearby."},
    {.name = "ipv6Mask", .field = field<&S::v6_bits>, .range = {16, 128}, .help = "The same for IPv6."},
    {.name = "senderPart",
     .field = choice<&S::sender, parts>,
     .help = "How much of the sender counts. Numbers in it never do, since lists put a new one into each "
             "message."},
    {.name = "recipientPart",
     .field = choice<&S::recipient, parts>,
     .help = "How much of the recipient counts."},
    {.name = "learnAfter",
     .field = field<&S::learn_after>,
     .range = {0, 1000},
     .help = "So many senders and recipients must have passed from a network before all of its mail passes "
             "at once; 0 "
             "for never."},
    {.name = "maxEntries",
     .field = field<&S::max_entries>,
     .range = {1000, 50'000'000},
     .help = "What is remembered at most, about 100 octets each on disk; the oldest goes first."},
    {.name = "exclusions",
     .field = field<&S::exclusions>,
     .range = {0, 10'000},
     .help = "Clients that are never put off.",
     .format = Format::ip_set},
    {.name = "excludedSenders",
     .field = field<&S::excluded_senders>,
     .range = {0, 10'000},
     .help = "Addresses and domains whose mail is never put off; '*' and '?' stand for anything."},
    {.name = "excludedRecipients",
     .field = field<&S::excluded_recipients>,
     .range = {0, 10'000},
     .help = "Addresses and domains for which mail is never put off."},
};

}  // namespace

TableOf<GreylistSettings> greylist_table() {
    return {rows, "greylisting",
            "Mail from strangers is put off once: senders of unwanted mail seldom try again."};
}

}  // namespace postrider::filter
