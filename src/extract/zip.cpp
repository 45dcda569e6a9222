#include "extract/zip.h"

#include <zlib.h>

#include <algorithm>
#include <memory>

namespace postrider::extract {
namespace {

std::uint32_t little(std::string_view bytes, std::size_t at, int size) {
    std::uint32_t value = 0;
    for (int i = 0; i < size; ++i)
        value |=
            static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[at + static_cast<std::size_t>(i)]))
            << (8 * i);
    return value;
}

constexpr std::string_view end_mark{"PK\x05\x06", 4}, directory_mark{"PK\x01\x02", 4},
    local_mark{"PK\x03\x04", 4};
constexpr std::size_t end_size = 22, directory_size = 46, local_size = 30;

std::optional<std::string> inflate_raw(std::string_view packed, std::size_t limit) {
    z_stream stream{};
    if (inflateInit2(&stream, -MAX_WBITS) != Z_OK) return std::nullopt;
    const std::unique_ptr<z_stream, int (*)(z_stream*)> ends{&stream, inflateEnd};
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
    stream.avail_in = static_cast<uInt>(packed.size());
    std::string out;
    for (;;) {
        const std::size_t before = out.size();
        if (before >= limit) return out;
        const std::size_t more = std::min<std::size_t>(limit - before, 256 * 1024);
        out.resize(before + more);
        stream.next_out = reinterpret_cast<Bytef*>(out.data() + before);
        stream.avail_out = static_cast<uInt>(more);
        const int result = inflate(&stream, Z_NO_FLUSH);
        out.resize(before + more - stream.avail_out);
        if (result == Z_STREAM_END) return out;
        if (result != Z_OK || out.size() == before) return std::nullopt;
    }
}

}  // namespace

std::vector<ZipMember> zip_members(std::string_view archive) {
    std::vector<ZipMember> members;
    if (archive.size() < end_size) return members;
    // A comment of up to 65,535 octets may follow the end record.
    const std::size_t from = archive.size() - std::min<std::size_t>(archive.size(), end_size + 0xffff);
    const std::size_t end = archive.rfind(end_mark, archive.size() - end_size);
    if (end == std::string_view::npos || end < from) return members;
    std::size_t at = little(archive, end + 16, 4);
    std::size_t left = std::min<std::size_t>(little(archive, end + 10, 2), max_zip_members);
    for (; left > 0 && at + directory_size <= end; --left) {
        if (archive.substr(at, 4) != directory_mark) break;
        ZipMember member;
        const std::size_t name = little(archive, at + 28, 2);
        const std::size_t size =
            directory_size + name + little(archive, at + 30, 2) + little(archive, at + 32, 2);
        if (size > end - at) break;
        const bool encrypted = little(archive, at + 8, 2) & 1;
        member.name = archive.substr(at + directory_size, name);
        member.method = static_cast<std::uint16_t>(little(archive, at + 10, 2));
        member.packed = little(archive, at + 20, 4);
        member.unpacked = little(archive, at + 24, 4);
        member.at = little(archive, at + 42, 4);
        if (!encrypted) members.push_back(member);
        at += size;
    }
    return members;
}

std::optional<std::string> read_member(std::string_view archive, const ZipMember& member, std::size_t limit) {
    if (member.at > archive.size() || archive.size() - member.at < local_size
        || archive.substr(member.at, 4) != local_mark)
        return std::nullopt;
    const std::uint64_t begin = std::uint64_t{member.at} + local_size + little(archive, member.at + 26, 2)
                                + little(archive, member.at + 28, 2);
    if (begin > archive.size() || member.packed > archive.size() - begin) return std::nullopt;
    const std::string_view packed = archive.substr(begin, member.packed);
    if (member.method == 0) return std::string{packed.substr(0, limit)};
    if (member.method == 8) return inflate_raw(packed, limit);
    return std::nullopt;
}

}  // namespace postrider::extract
