#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "dns/resolver.h"

/// Where mail for a domain goes (RFC 5321 §5.1, RFC 7505).
namespace postrider::relay {

inline constexpr std::size_t max_hosts = 20;              ///< of one destination; the best are kept
inline constexpr std::size_t max_addresses_per_host = 8;  ///< of each family

struct Host {
    std::string name;  ///< lower case, A-labels; of an address literal: the address
    std::uint16_t preference = 0;
    std::vector<std::string> addresses;  ///< numeric, in the order to try: families take turns
    bool secure = false;                 ///< the addresses were validated with DNSSEC
    std::string canonical_name;          ///< where CNAMEs led; "" = `name`
};

/// Why there is nowhere to go.
struct NoRoute {
    bool permanent = false;
    std::string status;  ///< RFC 3463
    std::string text;
};

struct Hosts {
    std::vector<Host> hosts;  ///< in the order to try; empty with `failure`
    bool secure = false;      ///< the MX records, or their absence, were validated with DNSSEC
    bool literal = false;     ///< an address, not a name
    std::optional<NoRoute> failure;
};

struct HostRules {
    bool ipv6 = false;
    std::uint16_t port = 25;
    std::uint64_t seed = 0;  ///< for the order of hosts of the same preference
    /// Whether a name or an address with that port is this server: a loop (RFC 5321 §5.1, §6.3).
    std::function<bool(const std::string& name)> our_name;
    std::function<bool(const std::string& address, std::uint16_t port)> our_address;
};

/// The hosts that take mail for a domain: by MX, by its own address when there is none, or by address
/// literal. Those as good as ourselves or worse are left out when we are among them.
/// @param domain  lower case, A-labels, or "[192.0.2.1]", "[IPv6:2001:db8::1]"
net::Task<Hosts> find_hosts(dns::Resolver& resolver, std::string domain, HostRules rules);

/// The addresses of one host, which stands for itself (a smart host): no MX.
net::Task<Hosts> find_one_host(dns::Resolver& resolver, std::string name, HostRules rules);

/// The order in which addresses are tried: IPv6 first, then families take turns (RFC 8305 §4).
std::vector<std::string> take_turns(std::vector<std::string> six, std::vector<std::string> four);

}  // namespace postrider::relay
