#include "mailauth/unpack.h"

#include <zlib.h>

#include <algorithm>
#include <new>

namespace postrider::mailauth {
namespace {

constexpr int raw_window = -15, gzip_window = 15 + 16;
constexpr std::size_t piece = 65536;

class Inflater {
public:
    explicit Inflater(int window) {
        if (inflateInit2(&stream_, window) != Z_OK) throw std::bad_alloc{};
    }
    ~Inflater() { inflateEnd(&stream_); }
    Inflater(const Inflater&) = delete;
    Inflater& operator=(const Inflater&) = delete;

    std::expected<std::string, UnpackError> all(std::string_view octets, std::size_t limit) {
        stream_.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(octets.data()));
        stream_.avail_in = static_cast<uInt>(std::min<std::size_t>(octets.size(), 1u << 30));
        std::string out;
        for (;;) {
            const std::size_t before = out.size();
            const std::size_t room = std::min(piece, limit + 1 - before);
            out.resize(before + room);
            stream_.next_out = reinterpret_cast<Bytef*>(out.data() + before);
            stream_.avail_out = static_cast<uInt>(room);
            const int result = inflate(&stream_, Z_NO_FLUSH);
            out.resize(before + room - stream_.avail_out);
            if (out.size() > limit) return std::unexpected(UnpackError::too_big);
            if (result == Z_STREAM_END) return out;
            if (result != Z_OK || out.size() == before) return std::unexpected(UnpackError::broken);
        }
    }

private:
    z_stream stream_{};
};

unsigned little(std::string_view octets, std::size_t at, int count) {
    unsigned value = 0;
    for (int i = count - 1; i >= 0; --i)
        value = value << 8 | static_cast<unsigned char>(octets[at + static_cast<std::size_t>(i)]);
    return value;
}

/// The first file of a zip file, by its local header (APPNOTE 4.3.7): stored or deflated.
std::expected<std::string, UnpackError> first_of_zip(std::string_view octets, std::size_t limit) {
    constexpr std::size_t header = 30;
    if (octets.size() < header) return std::unexpected(UnpackError::broken);
    const unsigned flags = little(octets, 6, 2), method = little(octets, 8, 2),
                   stored = little(octets, 18, 4);
    const std::size_t begin = header + little(octets, 26, 2) + little(octets, 28, 2);
    if (begin > octets.size() || (flags & 1) != 0) return std::unexpected(UnpackError::broken);  // encrypted
    octets.remove_prefix(begin);
    if (method == 8) return Inflater{raw_window}.all(octets, limit);
    if (method != 0 || (flags & 8) != 0 || stored > octets.size())
        return std::unexpected(UnpackError::broken);
    if (stored > limit) return std::unexpected(UnpackError::too_big);
    return std::string{octets.substr(0, stored)};
}

}  // namespace

std::expected<std::string, UnpackError> unpack(std::string_view octets, std::size_t limit) {
    if (octets.starts_with("\x1f\x8b")) return Inflater{gzip_window}.all(octets, limit);
    if (octets.starts_with("PK\x03\x04")) return first_of_zip(octets, limit);
    if (octets.size() > limit) return std::unexpected(UnpackError::too_big);
    return std::string{octets};
}

}  // namespace postrider::mailauth
