#pragma once

#include <optional>
#include <string_view>

#include "sieve/args.h"
#include "sieve/message.h"

namespace postrider::sieve {

/// What of an address is compared. RFC 5228 §2.7.4, RFC 5233 §4.
enum class AddressPart : std::uint8_t { all, localpart, domain, user, detail };

AddressPart take_address_part(Args& args);

/// Compares that part of the address. One without detail has none to compare.
bool match_address(Machine& machine, const Matcher& matcher, AddressPart part, AddressText& address);

/// An address of an envelope.
AddressText envelope_address(std::string_view path);

}  // namespace postrider::sieve
