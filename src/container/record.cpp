#include <xxhash.h>

#include <stdexcept>

#include "container/compress.h"
#include "container/header.h"

namespace postrider::container {
namespace {

Hash hash_of(std::string_view payload) {
    XXH128_canonical_t canonical;
    XXH128_canonicalFromHash(&canonical, XXH3_128bits(payload.data(), payload.size()));
    Hash hash;
    std::copy(std::begin(canonical.digest), std::end(canonical.digest), hash.begin());
    return hash;
}

}  // namespace

Record Record::make(std::string_view meta, std::string_view payload, Codec codec, Effort effort) {
    if (meta.size() > max_meta || payload.size() > max_payload)
        throw std::length_error{"a container record can hold no more than 1 GiB"};
    Record record;
    std::string& bytes = record.bytes_;
    bytes.reserve(header_size + meta.size() + payload.size() + payload.size() / 128 + 256);
    bytes.resize(header_size);
    bytes.append(meta);
    record.codec_ = compress(bytes, payload, codec, effort);
    record.unpacked_ = effort == Effort::none && codec != Codec::raw && record.codec_ == Codec::raw;
    record.hash_ = hash_of(payload);
    record.payload_size_ = static_cast<std::uint32_t>(payload.size());
    record.stored_size_ = static_cast<std::uint32_t>(bytes.size());

    RecordHeader header;
    header.codec = record.codec_;
    header.meta_size = static_cast<std::uint32_t>(meta.size());
    header.stored_payload = record.stored_size_ - header_size - header.meta_size;
    header.payload_size = record.payload_size_;
    header.hash = record.hash_;
    header.body_checksum = checksum(std::string_view{bytes}.substr(header_size));
    write_header(bytes.data(), header, Place{});
    bytes.resize(header.padded_size());
    // A record waits in memory for its group: give back what compression did not need.
    if (bytes.capacity() > 2 * bytes.size() && bytes.capacity() > 64u << 10) bytes.shrink_to_fit();
    return record;
}

}  // namespace postrider::container
