#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "settings/address.h"

/// How addresses and domains are asked for in lists that are kept in the DNS (RFC 5782).
namespace postrider::filter {

/// "2.0.0.127" (§2.1), for IPv6 its 32 nibbles (§2.4).
std::string reversed(const settings::Ip& ip);

/// `what` in front of the zone, as a question has it: lower case, A-labels. Nothing when that is no name or
/// longer than 253 octets.
std::optional<std::string> list_name(std::string_view what, std::string_view zone);

/// The part of a domain that somebody has registered: its public suffix and one label more ("example.co.uk").
/// The name itself when it is a suffix, an empty one for an IP address and for what is no name of two labels.
/// @param domain  A-labels, lower case
std::string registered_domain(std::string_view domain);

}  // namespace postrider::filter
