#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "container/container.h"

/// The fixed start of every record. Layout: docs/formats/container.md.
namespace postrider::container {

inline constexpr std::uint32_t header_size = 64;
/// Records begin at multiples of it, so that a header never lies across two sectors or pages.
inline constexpr std::uint32_t record_alignment = 64;
inline constexpr std::uint32_t page_size = 4096;
inline constexpr std::uint32_t first_record = page_size;  ///< behind the file's own header
inline constexpr std::uint32_t max_meta = 16u << 20;
inline constexpr std::uint32_t max_payload = 1u << 30;

constexpr std::uint64_t align_up(std::uint64_t offset, std::uint64_t to) {
    return (offset + to - 1) / to * to;
}

enum class RecordState : std::uint32_t { live = 0, freed = 0x46524545 };

struct RecordHeader {
    BlobId id;
    Codec codec = Codec::raw;
    RecordState state = RecordState::live;
    std::uint32_t meta_size = 0;
    std::uint32_t stored_payload = 0;  ///< as it lies on disk
    std::uint32_t payload_size = 0;    ///< unpacked
    Hash hash{};                       ///< of the unpacked payload
    std::uint64_t body_checksum = 0;   ///< XXH3-64 of meta and stored payload
    std::uint32_t previous = 0;        ///< offset of the record before this one in the file; 0: the first
    friend bool operator==(const RecordHeader&, const RecordHeader&) = default;

    std::uint32_t stored_size() const { return header_size + meta_size + stored_payload; }
    std::uint64_t padded_size() const { return align_up(stored_size(), record_alignment); }
};

/// Where a header lies is part of its checksum: bytes that look like a record, inside a message or left over
/// from another place, are never taken for one.
struct Place {
    std::uint64_t storage_seed = 0;
    std::uint8_t file = 0;
    std::uint64_t offset = 0;
    std::uint64_t seed() const { return storage_seed + ((std::uint64_t{file} << 32) | offset); }
};
std::uint64_t storage_seed(std::string_view storage_id);

void write_header(char* out, const RecordHeader& header, const Place& place);  ///< header_size bytes
/// Gives a header that was written for no place its id and its place.
void place_header(char* header, BlobId id, std::uint32_t previous, const Place& place);
/// corrupt, or newer when it is whole but of a later version.
Result<RecordHeader> read_header(std::string_view bytes, const Place& place);
bool starts_with_magic(std::string_view bytes);
inline constexpr std::uint32_t state_offset = 28;  ///< of the one field that changes later

std::uint64_t checksum(std::string_view bytes);

/// Big-endian numbers in place; base/codec.h appends.
template <class T>
void store_be(char* out, T value) {
    for (std::size_t i = 0; i < sizeof(T); ++i)
        out[i] = static_cast<char>(value >> (8 * (sizeof(T) - 1 - i)));
}
template <class T>
T load_be(const char* in) {
    T value = 0;
    for (std::size_t i = 0; i < sizeof(T); ++i)
        value = static_cast<T>((static_cast<std::uint64_t>(value) << 8) | static_cast<unsigned char>(in[i]));
    return value;
}

}  // namespace postrider::container
