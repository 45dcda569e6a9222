#include "rpop/session/reach.h"

#include "dns/records.h"
#include "net/connect.h"
#include "rpop/session/errors.h"
#include "settings/address.h"
#include "text/ascii.h"
#include "text/idna.h"

namespace postrider::rpop {
namespace {

constexpr std::size_t max_addresses = 6;
constexpr std::chrono::seconds connect_time{20};
constexpr std::chrono::seconds idle_time{60};

net::Task<std::vector<std::string>> addresses_of(const std::string& host, dns::Resolver& resolver) {
    std::vector<std::string> all;
    if (settings::parse_ip(host)) {
        all.push_back(host);
        co_return all;
    }
    if (text::equal_ci(host, "localhost")) {  // RFC 6761 §6.3: not a question for name servers
        all.emplace_back("127.0.0.1");
        co_return all;
    }
    auto name = text::to_alabels(host);
    if (!name) throw Failed{host + " is no host name"};
    std::string why = "the name does not exist";
    for (dns::Type type : {dns::Type::a, dns::Type::aaaa}) {
        std::string asked = *name;
        dns::Answer answer = co_await resolver.query(std::move(asked), type);
        if (answer.outcome == dns::Outcome::temporary || answer.outcome == dns::Outcome::bogus)
            why = answer.why.empty() ? "the name cannot be resolved now" : answer.why;
        for (const std::string& record : answer.records) {
            auto address = dns::parse_address(record);
            if (address && all.size() < max_addresses) all.push_back(*address);
        }
    }
    if (all.empty()) throw Failed{host + ": " + why};
    co_return all;
}

}  // namespace

net::Task<std::unique_ptr<net::Stream>> reach(const Connection& connection, dns::Resolver& resolver,
                                              std::shared_ptr<const net::TlsContext> tls) {
    std::vector<std::string> addresses = co_await addresses_of(connection.host, resolver);
    std::string why;
    for (const std::string& address : addresses) {
        net::ConnectOptions options;
        options.to = {address, connection.port};
        options.connect_timeout = connect_time;
        options.idle_timeout = idle_time;
        options.server_name = connection.host;
        if (connection.security == Security::implicit) options.tls = tls;
        std::unique_ptr<net::Stream> peer;
        try {
            peer = co_await net::connect(std::move(options));
        } catch (const net::SessionEnd& end) {
            why = end.what();
        }
        if (peer) co_return std::move(peer);
    }
    throw Failed{why};
}

}  // namespace postrider::rpop
