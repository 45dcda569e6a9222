#include "xmpp/session/places.h"

#include <algorithm>

#include "dns/host_addresses.h"
#include "dns/records.h"
#include "settings/address.h"
#include "text/idna.h"
#include "xmpp/session/client.h"

namespace postrider::xmpp {
namespace {

constexpr std::size_t max_addresses = 8;
constexpr std::size_t max_hosts = 4;
constexpr std::uint16_t client_port = 5222;  // RFC 6120 §14.7

struct Place {
    std::string host;
    std::uint16_t port;
};

net::Task<std::vector<Place>> hosts_of(std::string domain, dns::Resolver& resolver) {
    std::vector<Place> places;
    const dns::Answer answer = co_await resolver.query("_xmpp-client._tcp." + domain, dns::Type::srv);
    std::vector<dns::Srv> records;
    for (const std::string& record : answer.records)
        if (auto one = dns::parse_srv(record)) records.push_back(std::move(*one));
    // Of equal priority the heavier first: with one client, chance would be no better (RFC 2782).
    std::ranges::sort(records, [](const dns::Srv& a, const dns::Srv& b) {
        return a.priority != b.priority ? a.priority < b.priority : a.weight > b.weight;
    });
    if (records.size() == 1 && records.front().target.empty())
        throw Client::Trouble{domain + " has no XMPP server for clients"};
    for (dns::Srv& one : records)
        if (places.size() < max_hosts && !one.target.empty()) places.push_back({one.target, one.port});
    if (places.empty()) places.push_back({domain, client_port});
    co_return places;
}

}  // namespace

net::Task<std::vector<net::Endpoint>> places(std::string domain, std::string host, std::uint16_t port,
                                             dns::Resolver& resolver) {
    std::vector<Place> hosts;
    const bool given = !host.empty();
    const auto name = settings::parse_ip(given ? host : domain) ? std::optional{given ? host : domain}
                                                                : text::to_alabels(given ? host : domain);
    if (!name) throw Client::Trouble{(given ? host : domain) + " is no host name"};
    if (given)
        hosts.push_back({*name, port});
    else
        hosts = co_await hosts_of(*name, resolver);
    std::vector<net::Endpoint> all;
    std::string why;
    for (const Place& place : hosts) {
        std::string asked = place.host;
        const dns::HostAddresses found =
            co_await dns::host_addresses(resolver, std::move(asked), max_addresses - all.size());
        if (!found.why.empty()) why = found.why;
        for (const std::string& address : found.all) all.push_back({address, place.port});
        if (all.size() == max_addresses) break;
    }
    if (all.empty()) throw Client::Trouble{hosts.front().host + " cannot be found: " + why};
    co_return all;
}

}  // namespace postrider::xmpp
