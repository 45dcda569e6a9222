#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "dns/records.h"

/// Records to octets, as records.h reads them: for tests and for servers that tests ask.
namespace postrider::dns {

std::string address_rdata(std::string_view ip);  ///< A or AAAA; "" if it is not an address
std::string name_rdata(std::string_view name);   ///< NS, CNAME, PTR; "" if it is not a name
std::string mx_rdata(std::uint16_t preference, std::string_view exchange);
std::string txt_rdata(std::string_view text);  ///< strings of 255 octets
std::string srv_rdata(const Srv& srv);
std::string tlsa_rdata(const Tlsa& tlsa);

}  // namespace postrider::dns
