#pragma once

#include <expected>
#include <string>
#include <vector>

#include "filter/dnsbl/settings.h"
#include "filter/lists/ip_ranges.h"
#include "mailauth/answers.h"
#include "settings/address.h"

namespace postrider::filter {

using mailauth::Answers;
using mailauth::Needs;
using mailauth::Question;
using mailauth::Questions;

/// One hit.
struct Listed {
    std::string zone;
    std::string what;   ///< the address or domain that was looked up
    std::string reply;  ///< "127.0.0.2"
    ListAction action = ListAction::reject;
    unsigned level = 0;       ///< of `mark`
    std::string explanation;  ///< what the list says about it: its TXT record, one line, printable; mostly ""
    std::string refusal;      ///< text of the answer to the client
};

struct DnsListResult {
    std::vector<Listed> listed;        ///< `ignore` is not among them
    std::vector<std::string> unheard;  ///< zones that gave no answer, or that do not want to be asked
    /// The hit that counts most: the strongest action, then the highest level.
    const Listed* worst() const;
};

/// The lists of the settings, ready to be asked. Immutable, pure. Asked at most once for each name; the text
/// of a hit is asked for with a second round of questions.
class DnsLists {
public:
    DnsLists() = default;
    /// The error is a sentence that names the list.
    static std::expected<DnsLists, std::string> compile(const DnsChecksSettings& settings);

    /// Nothing is asked, and nothing found, for excluded addresses.
    Needs<DnsListResult> check_client(const settings::Ip& client, const Answers& known) const;
    /// @param thing  sender or helo; domain: as it was given
    Needs<DnsListResult> check_domain(ListedThing thing, std::string_view domain, const Answers& known) const;
    /// @param domains  of the links in a message, as link_domains() gives them; at most max_links are asked
    Needs<DnsListResult> check_links(const std::vector<std::string>& domains, const Answers& known) const;

    bool asks(ListedThing thing) const;
    bool excluded(const settings::Ip& client) const { return exclusions_.has(client); }

private:
    struct Class {
        settings::IpSet replies;
        unsigned mask = 0;
        ListAction action;
        unsigned level;
    };
    struct List {
        std::string zone;
        settings::Set<ListedThing> things;
        std::vector<Class> classes;
        std::string text;
    };
    struct Item {
        std::string asked;  ///< in front of the zone
        std::string shown;
    };
    Needs<DnsListResult> check(ListedThing thing, const std::vector<Item>& items, const Answers& known) const;
    bool excluded_domain(std::string_view domain) const;

    std::vector<List> lists_;
    IpRanges exclusions_;
    std::vector<std::string> excluded_domains_;
    unsigned max_links_ = 0;
};

/// One list that a policy names, about one client: the answer's address, "" when it is not listed.
struct ListAnswer {
    std::string reply;
    std::string explanation;
    bool unheard = false;  ///< nobody answered
};
Needs<ListAnswer> ask_list(std::string_view zone, const settings::Ip& client, const Answers& known);

}  // namespace postrider::filter
