#include "container/header.h"

#include <xxhash.h>

#include <cstring>

namespace postrider::container {
namespace {

constexpr std::uint32_t magic = 0x50526d67;  // "PRmg"
constexpr std::uint8_t version = 1;
constexpr std::uint32_t sum_offset = 60;

/// Over everything but the state, which is changed in place when the record is freed.
std::uint32_t header_sum(const char* bytes, const Place& place) {
    char fixed[sum_offset - 4];
    std::memcpy(fixed, bytes, state_offset);
    std::memcpy(fixed + state_offset, bytes + state_offset + 4, sum_offset - state_offset - 4);
    return static_cast<std::uint32_t>(XXH3_64bits_withSeed(fixed, sizeof fixed, place.seed()));
}

std::unexpected<Failure> bad(const char* reason) {
    return std::unexpected(Failure{ContainerError::corrupt, reason});
}

}  // namespace

std::uint64_t storage_seed(std::string_view storage_id) {
    return XXH3_64bits(storage_id.data(), storage_id.size());
}
std::uint64_t checksum(std::string_view bytes) {
    return XXH3_64bits(bytes.data(), bytes.size());
}

bool starts_with_magic(std::string_view bytes) {
    return bytes.size() >= 4 && load_be<std::uint32_t>(bytes.data()) == magic;
}

void write_header(char* out, const RecordHeader& header, const Place& place) {
    store_be(out, magic);
    store_be(out + 4, version);
    store_be(out + 5, static_cast<std::uint8_t>(header.codec));
    store_be(out + 6, std::uint16_t{0});
    store_be(out + 8, header.id.value());
    store_be(out + 16, header.meta_size);
    store_be(out + 20, header.stored_payload);
    store_be(out + 24, header.payload_size);
    store_be(out + state_offset, static_cast<std::uint32_t>(header.state));
    std::memcpy(out + 32, header.hash.data(), header.hash.size());
    store_be(out + 48, header.body_checksum);
    store_be(out + 56, header.previous);
    store_be(out + sum_offset, header_sum(out, place));
}

void place_header(char* header, BlobId id, std::uint32_t previous, const Place& place) {
    store_be(header + 8, id.value());
    store_be(header + state_offset, static_cast<std::uint32_t>(RecordState::live));
    store_be(header + 56, previous);
    store_be(header + sum_offset, header_sum(header, place));
}

Result<RecordHeader> read_header(std::string_view bytes, const Place& place) {
    if (bytes.size() < header_size) return bad("it ends within a record's header");
    const char* in = bytes.data();
    if (load_be<std::uint32_t>(in) != magic) return bad("there is no record here");
    if (load_be<std::uint32_t>(in + sum_offset) != header_sum(in, place))
        return bad("the checksum of a record's header does not match");
    if (load_be<std::uint8_t>(in + 4) != version)
        return std::unexpected(
            Failure{ContainerError::newer, "a record is of a version this server does not know"});
    RecordHeader header;
    const auto codec = load_be<std::uint8_t>(in + 5);
    if (codec > static_cast<std::uint8_t>(Codec::packed) || load_be<std::uint16_t>(in + 6) != 0)
        return std::unexpected(
            Failure{ContainerError::newer, "a record is packed in a way this server does not know"});
    header.codec = static_cast<Codec>(codec);
    header.id = BlobId{load_be<std::uint64_t>(in + 8)};
    header.meta_size = load_be<std::uint32_t>(in + 16);
    header.stored_payload = load_be<std::uint32_t>(in + 20);
    header.payload_size = load_be<std::uint32_t>(in + 24);
    const auto state = load_be<std::uint32_t>(in + state_offset);
    if (state != static_cast<std::uint32_t>(RecordState::live)
        && state != static_cast<std::uint32_t>(RecordState::freed))
        return bad("the state of a record is damaged");
    header.state = static_cast<RecordState>(state);
    std::memcpy(header.hash.data(), in + 32, header.hash.size());
    header.body_checksum = load_be<std::uint64_t>(in + 48);
    header.previous = load_be<std::uint32_t>(in + 56);
    if (header.meta_size > max_meta || header.payload_size > max_payload
        || header.stored_payload > max_payload)
        return bad("a record is larger than records can be");
    return header;
}

}  // namespace postrider::container
