#include "xmpp/session/reach.h"

#include <algorithm>

#include "dns/records.h"
#include "net/connect.h"
#include "settings/address.h"
#include "text/ascii.h"
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

net::Task<std::vector<Place>> places_of(std::string domain, dns::Resolver& resolver) {
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

net::Task<std::vector<net::Endpoint>> endpoints_of(std::vector<Place> places, dns::Resolver& resolver) {
    std::vector<net::Endpoint> all;
    std::string why = "there is no such name";
    for (const Place& place : places) {
        if (settings::parse_ip(place.host)) {
            all.push_back({place.host, place.port});
            continue;
        }
        if (text::equal_ci(place.host, "localhost")) {  // RFC 6761 §6.3: not a question for name servers
            all.push_back({"127.0.0.1", place.port});
            continue;
        }
        for (const dns::Type type : {dns::Type::a, dns::Type::aaaa}) {
            std::string asked = place.host;
            const dns::Answer answer = co_await resolver.query(std::move(asked), type);
            if (!answer.why.empty()) why = answer.why;
            for (const std::string& record : answer.records)
                if (auto address = dns::parse_address(record); address && all.size() < max_addresses)
                    all.push_back({std::move(*address), place.port});
        }
    }
    if (all.empty()) throw Client::Trouble{places.front().host + " cannot be found: " + why};
    co_return all;
}

}  // namespace

net::Task<std::unique_ptr<net::Stream>> reach(std::string domain, std::string host, std::uint16_t port,
                                              std::chrono::seconds patience, dns::Resolver& resolver) {
    std::vector<Place> places;
    const bool given = !host.empty();
    const auto name = settings::parse_ip(given ? host : domain) ? std::optional{given ? host : domain}
                                                                : text::to_alabels(given ? host : domain);
    if (!name) throw Client::Trouble{(given ? host : domain) + " is no host name"};
    if (given)
        places.push_back({*name, port});
    else
        places = co_await places_of(*name, resolver);
    const std::vector<net::Endpoint> endpoints = co_await endpoints_of(std::move(places), resolver);
    std::string why;
    for (const net::Endpoint& to : endpoints) {
        net::ConnectOptions options;
        options.to = to;
        options.connect_timeout = patience;
        options.idle_timeout = std::chrono::seconds{0};
        std::unique_ptr<net::Stream> peer;
        try {
            peer = co_await net::connect(std::move(options));
        } catch (const net::SessionEnd& end) {
            why = end.what();
        }
        if (peer) co_return std::move(peer);
    }
    throw Client::Trouble{why};
}

}  // namespace postrider::xmpp
