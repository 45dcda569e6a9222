#pragma once

#include <string>
#include <vector>

#include "settings/setting.h"

namespace postrider::filter {

enum class ListAction : std::uint8_t {
    ignore,
    mark,       ///< the message gets the spam level
    tmpreject,  ///< 451
    reject,     ///< 550
};

/// What replies of a list mean.
struct ReplyClass {
    std::string replies = "127.0.0.0/8";  ///< an IP set
    std::string mask;  ///< bits of the reply's last octet, one of which must be set; "": any
    ListAction action = ListAction::reject;
    unsigned level = 8;  ///< X-AxigenSpam-Level of `mark`
};

enum class ListedThing : std::uint8_t {
    client,  ///< the address that connects
    sender,  ///< the domain of the envelope sender
    helo,    ///< the name that the client gives itself
    links,   ///< domains of the links in the message
};

struct DnsListSettings {
    std::string zone;
    bool enable = true;
    settings::Set<ListedThing> things{ListedThing::client};
    std::vector<ReplyClass> classes;  ///< the first that fits counts; none: reject whatever is listed
    std::string text;                 ///< of the refusal; "": built in
};

struct DnsChecksSettings {
    std::vector<DnsListSettings> lists;
    std::vector<std::string> exclusions;  ///< IP sets that are not looked up
    std::vector<std::string> excluded_domains;
    unsigned max_links = 20;                      ///< domains of one message that are looked up
    ListAction reverse_dns = ListAction::ignore;  ///< of clients whose address leads to no name
    ListAction sender_mx = ListAction::ignore;    ///< of senders whose domain takes no mail
    ListAction helo = ListAction::ignore;         ///< of clients that call themselves what they cannot be
};

settings::TableOf<ReplyClass> reply_class_table();
settings::TableOf<DnsListSettings> dns_list_table();
settings::TableOf<DnsChecksSettings> dns_checks_table();

}  // namespace postrider::filter
