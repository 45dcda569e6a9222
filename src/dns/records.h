#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// What RDATA mean. Nothing where the octets are not what the type asks for. Names come out absolute without
/// the last dot, in lower case; the root is "".
namespace postrider::dns {

struct Mx {
    std::uint16_t preference = 0;
    std::string exchange;  ///< "" = takes no mail (RFC 7505)
};
struct Srv {  ///< RFC 2782
    std::uint16_t priority = 0, weight = 0, port = 0;
    std::string target;
};
struct Tlsa {  ///< RFC 6698 §2.1
    std::uint8_t usage = 0, selector = 0, matching = 0;
    std::string data;
};

std::optional<std::string> parse_address(std::string_view rdata);  ///< A and AAAA: "192.0.2.1", "2001:db8::1"
std::optional<std::string> parse_name(std::string_view rdata);     ///< NS, CNAME, PTR
std::optional<Mx> parse_mx(std::string_view rdata);
std::optional<std::string> parse_txt(std::string_view rdata);  ///< the strings in one piece (RFC 7208 §3.3)
std::optional<Srv> parse_srv(std::string_view rdata);
std::optional<Tlsa> parse_tlsa(std::string_view rdata);

}  // namespace postrider::dns
