#pragma once

#include <cstdint>

/// What the records of entries and envelopes agree on; docs/formats/queue.md.
namespace postrider::queue::record {

inline constexpr std::uint8_t entry_version = 2, envelope_version = 2;

/// Of an envelope: what is so, and which of the rarer fields follow.
inline constexpr std::uint8_t full_bit = 1, utf8_bit = 2, tls_bit = 4, by_bit = 8, release_bit = 16,
                              priority_bit = 32, headers_bit = 64, asked_bit = 128;

/// Of a recipient: which of the rarer fields follow.
inline constexpr std::uint8_t has_destination = 1, same_destination = 2, has_schedule = 4,
                              has_remote_host = 8, has_owed = 16, has_forwarder = 32, is_unfiltered = 64,
                              recipient_bits = 127;

}  // namespace postrider::queue::record
