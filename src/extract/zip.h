#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Reading members of a ZIP archive (APPNOTE.TXT 6.3), as office documents are: stored or deflated, without
/// ZIP64, encryption and several volumes.
namespace postrider::extract {

struct ZipMember {
    std::string_view name;
    std::uint16_t method = 0;    ///< 0 stored, 8 deflated
    std::uint32_t packed = 0;    ///< octets
    std::uint32_t unpacked = 0;  ///< as it says; not believed
    std::uint32_t at = 0;        ///< of its local header
};

inline constexpr std::size_t max_zip_members = 4096;

/// The members by the central directory, in its order; views into the archive. Empty when it is no archive.
std::vector<ZipMember> zip_members(std::string_view archive);

/// A member's content, at most `limit` octets (the rest is left out); nullopt when it cannot be read.
std::optional<std::string> read_member(std::string_view archive, const ZipMember& member, std::size_t limit);

}  // namespace postrider::extract
