#include "dns/host_addresses.h"

#include <strings.h>

#include "dns/records.h"
#include "settings/address.h"

namespace postrider::dns {

net::Task<HostAddresses> host_addresses(Resolver& resolver, std::string host, std::size_t most) {
    HostAddresses found;
    if (settings::parse_ip(host)) {
        found.all.push_back(std::move(host));
        co_return found;
    }
    if (::strcasecmp(host.c_str(), "localhost") == 0) {
        found.all.emplace_back("127.0.0.1");
        co_return found;
    }
    found.why = "the name does not exist";
    for (const Type type : {Type::a, Type::aaaa}) {
        std::string asked = host;
        const Answer answer = co_await resolver.query(std::move(asked), type);
        if (answer.outcome == Outcome::temporary || answer.outcome == Outcome::bogus)
            found.why = answer.why.empty() ? "the name cannot be resolved now" : answer.why;
        for (const std::string& record : answer.records)
            if (auto address = parse_address(record); address && found.all.size() < most)
                found.all.push_back(std::move(*address));
    }
    if (!found.all.empty()) found.why.clear();
    co_return found;
}

}  // namespace postrider::dns
