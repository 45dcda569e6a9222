#include <cstdint>
#include <cstdlib>

#include "container/compress.h"
#include "container/file.h"
#include "container/header.h"
#include "container/identity.h"
#include "container/packing.h"

using namespace postrider::container;

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

/// The first byte says which decoder; what decodes must encode to what decodes to the same.
void decode_one(unsigned which, std::string_view bytes) {
    switch (which % 7) {
        case 0:
            if (auto mark = Mark::decode(bytes)) require(Mark::decode(mark->encode()) == *mark);
            break;
        case 1:
            if (auto identity = Identity::decode(bytes)) {
                auto again = Identity::decode(identity->encode());
                require(again && again->storage_id == identity->storage_id);
            }
            break;
        case 2: {
            // Random bytes have no right checksum: give them one by placing them.
            std::string header{bytes.substr(0, header_size)};
            header.resize(header_size);
            const Place place{42, 3, 4096};
            place_header(header.data(), postrider::BlobId{7}, 0, place);
            if (auto decoded = read_header(header, place)) {
                char again[header_size];
                write_header(again, *decoded, place);
                require(std::string_view(again, header_size) == header);
                require(!read_header(header, {42, 3, 4160}));
            }
            break;
        }
        case 3:
            if (auto summary = Summary::decode(bytes))
                require(Summary::decode(summary->encode())->end == summary->end);
            break;
        case 4:
            if (auto header = FileHeader::decode(bytes))
                require(FileHeader::decode(header->encode())->generation == header->generation);
            break;
        case 5:
            if (auto packed = pack(bytes)) require(unpack(*packed, bytes.size()) == bytes);
            break;
        default:
            if (auto payload = unpack(bytes, 1u << 16)) require(payload->size() <= 1u << 16);
            for (auto codec : {Codec::raw, Codec::zstd, Codec::packed}) {
                if (auto payload = decompress(bytes, codec, 5000)) require(payload->size() == 5000);
                if (auto head = decompress_head(bytes, codec, 300)) require(head->size() <= 300);
            }
            break;
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size == 0) return 0;
    decode_one(data[0], {reinterpret_cast<const char*>(data) + 1, size - 1});
    return 0;
}
