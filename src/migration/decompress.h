#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

/// Messages that a server has stored compressed. Pure.
namespace postrider::migration {

/// As Dovecot's plugins write them. What mail-crypt has encrypted is known, and cannot be read without its
/// keys.
enum class Compression : std::uint8_t { none, gzip, zstd, bzip2, lz4, xz, encrypted };

/// By its first octets. None of them begins a message.
Compression compression_of(std::string_view octets);

/// Unpacks; what is not compressed comes back as it is. The error is damage, or more than `limit` octets.
std::expected<std::string, std::string> decompressed(std::string octets, std::uint64_t limit);

}  // namespace postrider::migration
