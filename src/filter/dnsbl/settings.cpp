#include "filter/dnsbl/settings.h"

namespace postrider::filter {
namespace {

using namespace settings;

constexpr Choice actions[] = {
    {"ignore", ListAction::ignore},
    {"mark", ListAction::mark},
    {"tmpreject", ListAction::tmpreject},
    {"reject", ListAction::reject},
};
constexpr Choice things[] = {
    {"client", ListedThing::client},
    {"sender", ListedThing::sender},
    {"ehlo", ListedThing::helo},
    {"links", ListedThing::links},
};

using R = ReplyClass;
constexpr Setting<R> reply_rows[] = {
    {.name = "replies",
     .field = field<&R::replies>,
     .range = {1, 100},
     .help =
         "Addresses that the list may answer with: one, a range or a network. 127.255.255.0/24 never counts: "
         "there lists say that they do not want to be asked.",
     .format = Format::ip_set},
    {.name = "mask",
     .field = field<&R::mask>,
     .range = {0, 3},
     .help =
         "Sum of bits of the answer's last octet, at least one of which must be set; empty for lists whose "
         "answers are no bits."},
    {.name = "action",
     .field = choice<&R::action, actions>,
     .help = "What becomes of it: nothing, a spam level, a refusal for now, a refusal."},
    {.name = "level", .field = field<&R::level>, .range = {1, 10}, .help = "Spam level that `mark` gives."},
};

using L = DnsListSettings;
constexpr Setting<L> list_rows[] = {
    {.name = "zone",
     .field = field<&L::zone>,
     .range = {1, 253},
     .help = "Name of the list in the DNS.",
     .format = Format::host_name,
     .required = true},
    {.name = "enable", .field = field<&L::enable>, .help = "Whether it is asked."},
    {.name = "lookUp",
     .field = choice<&L::things, things>,
     .help = "What is looked up in it: the client's address, the domain of the sender, the name in EHLO, the "
             "domains "
             "of links in the message."},
    {.name = "replyClasses",
     .field = object_set<&L::classes, reply_class_table>,
     .range = {0, 50},
     .help = "What its answers mean; the first that fits counts. Without any, whatever is listed is refused.",
     .key = "replies"},
    {.name = "explanation",
     .field = field<&L::text>,
     .range = {0, 400},
     .help = "Text of the refusal. %listed% is what is listed, %zone% the list, %explanation% what the list "
             "says.",
     .default_help = "%listed% is listed by %zone%: %explanation%"},
};

using S = DnsChecksSettings;
constexpr Setting<S> rows[] = {
    {.name = "lists",
     .field = object_set<&S::lists, dns_list_table>,
     .range = {0, 50},
     .help = "Lists of senders of unwanted mail that are asked. Never for who has logged in.",
     .key = "zone"},
    {.name = "exclusions",
     .field = field<&S::exclusions>,
     .range = {0, 10'000},
     .help = "Clients that nothing of this is asked about.",
     .format = Format::ip_set},
    {.name = "excludedDomains",
     .field = field<&S::excluded_domains>,
     .range = {0, 10'000},
     .help = "Domains, with all below them, that are not looked up."},
    {.name = "maxLinks",
     .field = field<&S::max_links>,
     .range = {0, 100},
     .help = "Domains of links that are looked up for one message."},
    {.name = "reverseDNS",
     .field = choice<&S::reverse_dns, actions>,
     .help = "What becomes of clients whose address has no name."},
    {.name = "senderMX",
     .field = choice<&S::sender_mx, actions>,
     .help = "What becomes of mail from domains that cannot be answered."},
    {.name = "ehloCheck",
     .field = choice<&S::helo, actions>,
     .help = "What becomes of clients that give a name in EHLO which is none, or this server's own."},
};

}  // namespace

TableOf<ReplyClass> reply_class_table() {
    return {reply_rows, "reply class", "What some answers of a list mean."};
}
TableOf<DnsListSettings> dns_list_table() {
    return {list_rows, "list", "A list in the DNS."};
}
TableOf<DnsChecksSettings> dns_checks_table() {
    return {rows, "dnsChecks", "Questions to the DNS about who sends."};
}

}  // namespace postrider::filter
