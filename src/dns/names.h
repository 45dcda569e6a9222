#pragma once

#include <optional>
#include <string>
#include <string_view>

/// Names as questions have them.
namespace postrider::dns {

/// The one spelling of an absolute name: lower case, no last dot, the root is "". Nothing if it is not a
/// name: empty labels, labels above 63 or names above 253 octets (RFC 1035 §2.3.4), spaces, control
/// characters, backslashes, octets above 126 (U-labels must have become A-labels before).
std::optional<std::string> canonical_name(std::string_view name);

/// Where the name of an address is looked up: "1.2.0.192.in-addr.arpa" (RFC 1035 §3.5), nibbles under
/// ip6.arpa (RFC 3596 §2.5). Nothing if it is not an address.
std::optional<std::string> reverse_name(std::string_view ip);

}  // namespace postrider::dns
