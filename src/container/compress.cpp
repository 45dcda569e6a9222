#include "container/compress.h"

#include <zstd.h>

#include <algorithm>
#include <memory>

#include "container/packing.h"

namespace postrider::container {
namespace {

constexpr int thorough_level = 3;
/// Does not look for what was there before and leaves all to the entropy coder: for text, three times as
/// fast.
constexpr int quick_level = -1000;
constexpr int quick_hash_log = 6;  // what is not looked for needs no table
/// The start of a long message is a frame of its own, so that a look at its header unpacks only that.
constexpr std::size_t head_size = 16u << 10;
constexpr std::size_t long_size = 4 * head_size;
constexpr std::size_t sample_size = 4u << 10;

struct Deleter {
    void operator()(ZSTD_CCtx* context) const { ZSTD_freeCCtx(context); }
    void operator()(ZSTD_DCtx* context) const { ZSTD_freeDCtx(context); }
};

// Making a context costs more than a small message: one per thread.
ZSTD_CCtx* compressor() {
    thread_local std::unique_ptr<ZSTD_CCtx, Deleter> context{ZSTD_createCCtx()};
    return context.get();
}
ZSTD_CCtx* make_quick() {
    ZSTD_CCtx* context = ZSTD_createCCtx();
    ZSTD_CCtx_setParameter(context, ZSTD_c_compressionLevel, quick_level);
    ZSTD_CCtx_setParameter(context, ZSTD_c_hashLog, quick_hash_log);
    // ZSTD_c_literalCompressionMode: the fastest levels leave literals as they are, which is where text
    // shrinks. A library without it compresses less, no more.
    constexpr int always = 1;
    ZSTD_CCtx_setParameter(context, ZSTD_c_experimentalParam5, always);
    return context;
}
ZSTD_CCtx* quick_compressor() {
    thread_local std::unique_ptr<ZSTD_CCtx, Deleter> context{make_quick()};
    return context.get();
}
ZSTD_DCtx* decompressor() {
    thread_local std::unique_ptr<ZSTD_DCtx, Deleter> context{ZSTD_createDCtx()};
    return context.get();
}

void add_frame(std::string& out, std::string_view bytes, Effort effort) {
    const std::size_t used = out.size();
    out.resize_and_overwrite(used + ZSTD_compressBound(bytes.size()), [&](char* begin, std::size_t all) {
        char* const to = begin + used;
        const std::size_t room = all - used;
        const std::size_t size =
            effort == Effort::thorough
                ? ZSTD_compressCCtx(compressor(), to, room, bytes.data(), bytes.size(), thorough_level)
                : ZSTD_compress2(quick_compressor(), to, room, bytes.data(), bytes.size());
        return used + (ZSTD_isError(size) ? 0 : size);
    });
}

void add_frames(std::string& out, std::string_view bytes, Effort effort) {
    if (bytes.size() >= long_size) {
        add_frame(out, bytes.substr(0, head_size), effort);
        bytes.remove_prefix(head_size);
    }
    add_frame(out, bytes, effort);
}

/// Three looks at a long payload: if none of them shrinks, neither will the whole.
bool looks_incompressible(std::string_view payload) {
    if (payload.size() < 64 * sample_size) return false;
    std::string scratch;
    for (std::size_t quarter = 1; quarter <= 3; ++quarter) {
        scratch.clear();
        add_frame(scratch, payload.substr(payload.size() / 4 * quarter, sample_size), Effort::thorough);
        if (scratch.size() < sample_size - sample_size / 32) return false;
    }
    return true;
}

}  // namespace

Codec compress(std::string& out, std::string_view payload, Codec most, Effort effort) {
    const std::size_t used = out.size();
    if (most != Codec::raw && payload.size() >= 64) {
        Codec codec = Codec::zstd;
        std::optional<std::string> packed;
        if (most == Codec::packed) packed = pack(payload);
        if (packed) {
            codec = Codec::packed;
            add_frames(out, *packed, effort);
        } else if (effort != Effort::none && !looks_incompressible(payload)) {
            add_frames(out, payload, effort);
        }
        const std::size_t size = out.size() - used;
        if (size > 0 && size + payload.size() / 32 < payload.size()) return codec;
    }
    out.resize(used);
    out.append(payload);
    return Codec::raw;
}

std::optional<std::string> decompress(std::string_view stored, Codec codec, std::uint32_t payload_size) {
    if (codec == Codec::raw) {
        if (stored.size() != payload_size) return std::nullopt;
        return std::string{stored};
    }
    // A packed form is shorter than what it holds (packing.h).
    std::string bytes;
    bool damaged = false;
    bytes.resize_and_overwrite(payload_size, [&](char* into, std::size_t room) {
        const std::size_t size =
            ZSTD_decompressDCtx(decompressor(), into, room, stored.data(), stored.size());
        damaged = ZSTD_isError(size) != 0;
        return damaged ? 0 : size;
    });
    if (damaged) return std::nullopt;
    if (codec == Codec::packed) {
        auto payload = unpack(bytes, payload_size);
        if (!payload || payload->size() != payload_size) return std::nullopt;
        return payload;
    }
    if (bytes.size() != payload_size) return std::nullopt;
    return bytes;
}

std::optional<std::string> decompress_head(std::string_view stored, Codec codec, std::size_t wanted) {
    if (codec == Codec::raw) return std::string{stored.substr(0, wanted)};
    // In a packed form nothing but the segments' lengths is longer than what it stands for.
    const std::size_t enough = codec == Codec::packed ? wanted + 32 + wanted / 128 : wanted;
    std::string bytes(enough, '\0');
    ZSTD_DCtx* context = decompressor();
    ZSTD_DCtx_reset(context, ZSTD_reset_session_only);
    ZSTD_outBuffer out{bytes.data(), bytes.size(), 0};
    ZSTD_inBuffer in{stored.data(), stored.size(), 0};
    while (out.pos < out.size) {
        const std::size_t before = in.pos + out.pos;
        if (ZSTD_isError(ZSTD_decompressStream(context, &out, &in))) return std::nullopt;
        if (in.pos + out.pos == before) break;
    }
    bytes.resize(out.pos);
    if (codec == Codec::packed) return unpack(bytes, wanted);
    return bytes;
}

}  // namespace postrider::container
