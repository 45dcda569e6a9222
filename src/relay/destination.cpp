#include "relay/destination.h"

#include <fmt/format.h>

#include <algorithm>
#include <random>

#include "dns/records.h"
#include "net/socket_address.h"
#include "text/ascii.h"

namespace postrider::relay {
namespace {

using dns::Outcome;

bool temporary(Outcome outcome) {
    return outcome == Outcome::temporary || outcome == Outcome::bogus;
}

NoRoute later(std::string_view what, const std::string& name, const dns::Answer& answer) {
    NoRoute out;
    out.status = "4.4.3";  // RFC 3463: directory server failure
    out.text = fmt::format(
        "The {} of {} cannot be looked up now: {}", what, name,
        answer.outcome == Outcome::bogus ? "DNSSEC validation failed. " + answer.why : answer.why);
    return out;
}

NoRoute never(std::string status, std::string text) {
    NoRoute out;
    out.permanent = true;
    out.status = std::move(status);
    out.text = std::move(text);
    return out;
}

std::vector<std::string> addresses_of(const dns::Answer& answer) {
    std::vector<std::string> out;
    if (answer.outcome != Outcome::found) return out;
    for (const std::string& record : answer.records) {
        if (out.size() == max_addresses_per_host) break;
        if (auto address = dns::parse_address(record)) out.push_back(std::move(*address));
    }
    return out;
}

/// "[192.0.2.1]", "[IPv6:2001:db8::1]" (RFC 5321 §4.1.3) as the address alone.
std::optional<std::string> literal(std::string_view domain) {
    if (!domain.starts_with('[') || !domain.ends_with(']')) return std::nullopt;
    domain = domain.substr(1, domain.size() - 2);
    if (text::starts_with_ci(domain, "IPv6:")) domain.remove_prefix(5);
    return std::string{domain};
}

Host itself(std::string address) {
    Host host;
    host.name = address;
    host.addresses.push_back(std::move(address));
    return host;
}

/// Fills in the addresses of a host. What is wrong, if there are none.
net::Task<std::optional<NoRoute>> look_up(dns::Resolver& resolver, Host& host, bool ipv6) {
    dns::Answer six;
    if (ipv6) six = co_await resolver.query(host.name, dns::Type::aaaa);
    const dns::Answer four = co_await resolver.query(host.name, dns::Type::a);
    host.addresses = take_turns(addresses_of(six), addresses_of(four));
    // DANE needs all answers that are used to be secure (RFC 7672 §2.2.2).
    host.secure = four.secure && (!ipv6 || six.secure);
    host.canonical_name = four.canonical_name.empty() ? six.canonical_name : four.canonical_name;
    if (!host.addresses.empty()) co_return std::nullopt;
    if (temporary(four.outcome)) co_return later("address", host.name, four);
    if (ipv6 && temporary(six.outcome)) co_return later("address", host.name, six);
    if (four.outcome == Outcome::no_name)
        co_return never("5.1.2", fmt::format("The name {} does not exist", host.name));
    co_return never("5.4.4", fmt::format("{} has no address", host.name));
}

/// MX hosts in the order to try: by preference, by lot among equals (RFC 5321 §5.1).
std::vector<Host> sorted(const dns::Answer& answer, std::uint64_t seed) {
    std::vector<Host> hosts;
    for (const std::string& record : answer.records) {
        const auto mx = dns::parse_mx(record);
        if (!mx) continue;
        Host host;
        host.name = mx->exchange;
        host.preference = mx->preference;
        hosts.push_back(std::move(host));
        if (hosts.size() == 1000) break;
    }
    std::mt19937_64 lot{seed};
    std::ranges::shuffle(hosts, lot);
    std::ranges::stable_sort(hosts, {}, &Host::preference);
    return hosts;
}

}  // namespace

std::vector<std::string> take_turns(std::vector<std::string> six, std::vector<std::string> four) {
    std::vector<std::string> out;
    out.reserve(six.size() + four.size());
    for (std::size_t i = 0; i < std::max(six.size(), four.size()); ++i) {
        if (i < six.size()) out.push_back(std::move(six[i]));
        if (i < four.size()) out.push_back(std::move(four[i]));
    }
    return out;
}

net::Task<Hosts> find_one_host(dns::Resolver& resolver, std::string name, HostRules rules) {
    Hosts out;
    std::string address = literal(name).value_or(name);
    Host host;
    if (net::to_socket_address({address, rules.port})) {
        out.literal = true;
        host = itself(std::move(address));
    } else {
        host.name = std::move(name);
        out.failure = co_await look_up(resolver, host, rules.ipv6);
        if (out.failure) co_return out;
    }
    out.hosts.push_back(std::move(host));
    co_return out;
}

net::Task<Hosts> find_hosts(dns::Resolver& resolver, std::string domain, HostRules rules) {
    Hosts out;
    if (auto address = literal(domain)) {
        if (!net::to_socket_address({*address, rules.port}))
            out.failure = never("5.1.2", domain + " is no address");
        else if (rules.our_address && rules.our_address(*address, rules.port))
            out.failure = never("5.4.6", domain + " is this server itself");
        else
            out.hosts.push_back(itself(std::move(*address)));
        out.literal = true;
        co_return out;
    }
    const dns::Answer answer = co_await resolver.query(domain, dns::Type::mx);
    out.secure = answer.secure;
    if (temporary(answer.outcome)) {
        out.failure = later("mail hosts", domain, answer);
        co_return out;
    }
    if (answer.outcome == Outcome::no_name) {
        out.failure = never("5.1.2", fmt::format("The domain {} does not exist", domain));
        co_return out;
    }
    std::vector<Host> hosts = sorted(answer, rules.seed);
    const bool by_mx = !hosts.empty();
    std::erase_if(hosts, [](const Host& host) { return host.name.empty(); });
    if (by_mx && hosts.empty()) {
        out.failure = never("5.1.10", fmt::format("The domain {} takes no mail (null MX)", domain));
        co_return out;
    }
    if (!by_mx) {  // RFC 5321 §5.1: the domain's own address is an MX of preference 0
        Host host;
        host.name = domain;
        hosts.push_back(std::move(host));
    }

    // We are among them: whoever is not better than we are would send it back.
    for (const Host& host : hosts) {
        if (!rules.our_name || !rules.our_name(host.name)) continue;
        const std::uint16_t ours = host.preference;
        std::erase_if(hosts, [ours](const Host& other) { return other.preference >= ours; });
        break;
    }
    if (hosts.size() > max_hosts) hosts.resize(max_hosts);
    bool loop = hosts.empty();
    std::optional<NoRoute> last;
    for (Host& host : hosts) {
        auto problem = co_await look_up(resolver, host, rules.ipv6);
        if (problem) {
            if (!last || !problem->permanent) last = std::move(problem);
            continue;
        }
        const bool us = rules.our_address && std::ranges::any_of(host.addresses, [&](const std::string& one) {
                            return rules.our_address(one, rules.port);
                        });
        if (us) {
            const std::uint16_t ours = host.preference;
            std::erase_if(out.hosts, [ours](const Host& other) { return other.preference >= ours; });
            loop = out.hosts.empty();
            break;
        }
        out.hosts.push_back(std::move(host));
    }
    if (!out.hosts.empty()) co_return out;
    if (loop)
        out.failure = never("5.4.6", fmt::format("Mail for {} would come back to this server", domain));
    else
        out.failure = std::move(last);
    co_return out;
}

}  // namespace postrider::relay
