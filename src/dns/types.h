#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "dns/resolver.h"

/// Words for types, outcomes and records, for logs and administrators.
namespace postrider::dns {

std::string_view word(Type type);                    ///< "MX"
std::string_view word(Outcome outcome);              ///< "found", "no_data", "no_name", "temporary", "bogus"
std::optional<Type> type_of(std::string_view word);  ///< without regard to case

/// A record as a zone file has it: `10 mail.example.org.`, `"v=spf1 -all"`; \# and hex where the octets are
/// not what the type asks for (RFC 3597 §5).
std::string present(Type type, std::string_view rdata);

}  // namespace postrider::dns
