#include "migration/decompress.h"

#include <bzlib.h>
#include <lz4.h>
#include <lzma.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <memory>

namespace postrider::migration {
namespace {

constexpr std::size_t piece = 256u << 10;
/// Dovecot's own frame around blocks: this, the largest block's size, and each block behind its size; numbers
/// big-endian.
constexpr std::string_view lz4_magic{"Dovecot-LZ4\x0d\x2a\x9b\xc5"};

using Unpacked = std::expected<std::string, std::string>;

std::unexpected<std::string> damaged() {
    return std::unexpected(std::string{"compressed, and damaged"});
}
std::unexpected<std::string> too_large() {
    return std::unexpected(std::string{"too large when it is decompressed"});
}

/// Room for more at the end; nullopt when the limit is reached.
class Out {
public:
    explicit Out(std::uint64_t limit) : limit_{limit} {}
    bool full() const { return used_ >= limit_; }
    char* room() {
        text_.resize(used_ + piece);
        return text_.data() + used_;
    }
    void took(std::size_t octets) { used_ += octets; }
    Unpacked finish() {
        if (used_ > limit_) return too_large();
        text_.resize(used_);
        return std::move(text_);
    }

private:
    std::uint64_t limit_;
    std::size_t used_ = 0;
    std::string text_;
};

Unpacked gzip(std::string& in, std::uint64_t limit) {
    z_stream stream{};
    constexpr int with_gzip_header = 16 + MAX_WBITS;
    if (inflateInit2(&stream, with_gzip_header) != Z_OK) return damaged();
    const std::unique_ptr<z_stream, int (*)(z_stream*)> owner{&stream, inflateEnd};
    stream.next_in = reinterpret_cast<unsigned char*>(in.data());
    stream.avail_in = static_cast<uInt>(in.size());
    Out out{limit};
    while (true) {
        if (out.full()) return too_large();
        stream.next_out = reinterpret_cast<unsigned char*>(out.room());
        stream.avail_out = piece;
        const int state = inflate(&stream, Z_NO_FLUSH);
        out.took(piece - stream.avail_out);
        if (state == Z_STREAM_END) return out.finish();
        if (state != Z_OK || (stream.avail_in == 0 && stream.avail_out != 0)) return damaged();
    }
}

Unpacked bzip2(std::string& in, std::uint64_t limit) {
    bz_stream stream{};
    if (BZ2_bzDecompressInit(&stream, 0, 0) != BZ_OK) return damaged();
    const std::unique_ptr<bz_stream, int (*)(bz_stream*)> owner{&stream, BZ2_bzDecompressEnd};
    stream.next_in = in.data();
    stream.avail_in = static_cast<unsigned>(in.size());
    Out out{limit};
    while (true) {
        if (out.full()) return too_large();
        stream.next_out = out.room();
        stream.avail_out = piece;
        const int state = BZ2_bzDecompress(&stream);
        out.took(piece - stream.avail_out);
        if (state == BZ_STREAM_END) return out.finish();
        if (state != BZ_OK || (stream.avail_in == 0 && stream.avail_out != 0)) return damaged();
    }
}

Unpacked zstd(const std::string& in, std::uint64_t limit) {
    const std::unique_ptr<ZSTD_DCtx, std::size_t (*)(ZSTD_DCtx*)> context{ZSTD_createDCtx(), ZSTD_freeDCtx};
    if (!context) return damaged();
    ZSTD_inBuffer from{in.data(), in.size(), 0};
    Out out{limit};
    while (true) {
        if (out.full()) return too_large();
        ZSTD_outBuffer to{out.room(), piece, 0};
        const std::size_t state = ZSTD_decompressStream(context.get(), &to, &from);
        out.took(to.pos);
        if (ZSTD_isError(state)) return damaged();
        if (state == 0 && from.pos == from.size) return out.finish();
        if (from.pos == from.size && to.pos != to.size) return damaged();
    }
}

Unpacked xz(const std::string& in, std::uint64_t limit) {
    constexpr std::uint64_t most_memory = 128u << 20;  // as much as its highest preset asks for
    lzma_stream stream = LZMA_STREAM_INIT;
    if (lzma_stream_decoder(&stream, most_memory, LZMA_CONCATENATED) != LZMA_OK) return damaged();
    const std::unique_ptr<lzma_stream, void (*)(lzma_stream*)> owner{&stream, lzma_end};
    stream.next_in = reinterpret_cast<const std::uint8_t*>(in.data());
    stream.avail_in = in.size();
    Out out{limit};
    while (true) {
        if (out.full()) return too_large();
        stream.next_out = reinterpret_cast<std::uint8_t*>(out.room());
        stream.avail_out = piece;
        const lzma_ret state = lzma_code(&stream, LZMA_FINISH);
        out.took(piece - stream.avail_out);
        if (state == LZMA_STREAM_END) return out.finish();
        if (state != LZMA_OK) return damaged();
    }
}

std::uint32_t be32(std::string_view data, std::size_t at) {
    std::uint32_t value = 0;
    for (std::size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<unsigned char>(data[at + i]);
    return value;
}

Unpacked lz4(std::string_view in, std::uint64_t limit) {
    constexpr std::uint32_t largest_block = 4u << 20;
    std::size_t at = lz4_magic.size();
    if (in.size() < at + 4) return damaged();
    const std::uint32_t block = be32(in, at);
    if (block == 0 || block > largest_block) return damaged();
    std::string out, room(block, '\0');
    for (at += 4; at < in.size();) {
        if (in.size() - at < 4) return damaged();
        const std::uint32_t packed = be32(in, at);
        at += 4;
        if (packed == 0 || packed > in.size() - at || packed > 2 * largest_block) return damaged();
        const int got = LZ4_decompress_safe(in.data() + at, room.data(), static_cast<int>(packed),
                                            static_cast<int>(block));
        if (got < 0) return damaged();
        at += packed;
        out.append(room, 0, static_cast<std::size_t>(got));
        if (out.size() > limit) return too_large();
    }
    return out;
}

}  // namespace

Compression compression_of(std::string_view octets) {
    if (octets.starts_with("\x1f\x8b")) return Compression::gzip;
    if (octets.starts_with("\x28\xb5\x2f\xfd")) return Compression::zstd;
    if (octets.starts_with("BZh") && octets.size() > 4 && octets.substr(4).starts_with("1AY&SY"))
        return Compression::bzip2;
    if (octets.starts_with(lz4_magic)) return Compression::lz4;
    if (octets.starts_with(std::string_view{"\xfd\x37zXZ\0", 6})) return Compression::xz;
    if (octets.starts_with("CRYPTED\x03\x07")) return Compression::encrypted;
    return Compression::none;
}

std::expected<std::string, std::string> decompressed(std::string octets, std::uint64_t limit) {
    switch (compression_of(octets)) {
        case Compression::none: return octets;
        case Compression::gzip: return gzip(octets, limit);
        case Compression::zstd: return zstd(octets, limit);
        case Compression::bzip2: return bzip2(octets, limit);
        case Compression::lz4: return lz4(octets, limit);
        case Compression::xz: return xz(octets, limit);
        case Compression::encrypted: break;
    }
    return std::unexpected("encrypted (Dovecot's mail-crypt): have the server that wrote it decrypt it");
}

}  // namespace postrider::migration
