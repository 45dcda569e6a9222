#pragma once

#include <cstddef>
#include <cstdint>

/// How much of a message a script is shown. What lies beyond is not looked at.
namespace postrider::sieve {

constexpr std::uint32_t max_parts_looked_at = 1000;
constexpr std::size_t max_fields_looked_at = 10'000;  ///< of one header block
constexpr std::size_t max_addresses_looked_at = 1000;  ///< of one field

}  // namespace postrider::sieve
