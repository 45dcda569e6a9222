#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

/// What the DNS says, for those who only read it: no sockets here.
namespace postrider::dns {

/// RFC 1035 §3.2.2, RFC 3596, RFC 2782, RFC 6698.
enum class Type : std::uint16_t {
    a = 1,
    ns = 2,
    cname = 5,
    ptr = 12,
    mx = 15,
    txt = 16,
    aaaa = 28,
    srv = 33,
    tlsa = 52
};

enum class Outcome : std::uint8_t {
    found,
    no_data,    ///< the name exists, without records of this type
    no_name,    ///< NXDOMAIN
    temporary,  ///< no name server answered, or not in a way that can be believed: ask again later
    bogus,      ///< DNSSEC validation failed: as `temporary`, but the administrator wants to know
};

struct Answer {
    Outcome outcome = Outcome::temporary;
    std::vector<std::string> records;  ///< RDATA as on the wire, names uncompressed; in the order given
    bool secure = false;               ///< validated with DNSSEC, the absence of records too
    std::string canonical_name;        ///< where CNAMEs led; "" = the name asked for
    std::chrono::seconds ttl{0};
    std::string why;  ///< of temporary and bogus, for people
};

}  // namespace postrider::dns
