#pragma once

#include <bit>
#include <concepts>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

/// Numbers and strings as bytes, for records on disk. Fixed-width numbers are big-endian, so that keys
/// sort as their numbers do; varints are LEB128. All offsets and sizes in bytes.
namespace postrider {

template <std::unsigned_integral T>
void put_be(std::string& out, T value) {
    char bytes[sizeof(T)];
    for (std::size_t i = 0; i < sizeof(T); ++i)
        bytes[i] = static_cast<char>(value >> (8 * (sizeof(T) - 1 - i)));
    out.append(bytes, sizeof(T));
}

inline void put_varint(std::string& out, std::uint64_t value) {
    for (; value >= 0x80; value >>= 7) out.push_back(static_cast<char>(value | 0x80));
    out.push_back(static_cast<char>(value));
}

/// Length as a varint, then the bytes.
inline void put_string(std::string& out, std::string_view text) {
    put_varint(out, text.size());
    out.append(text);
}

/// Reads what the functions above wrote. Remembers its first failure: read all fields, then ask ok() once;
/// after a failure every read gives zero or "".
class Decoder {
public:
    explicit Decoder(std::string_view bytes) : rest_{bytes} {}

    bool ok() const { return ok_; }
    bool at_end() const { return rest_.empty(); }
    std::string_view rest() const { return rest_; }

    template <std::unsigned_integral T>
    T be() {
        std::string_view bytes = take(sizeof(T));
        T value = 0;
        for (unsigned char c : bytes) value = static_cast<T>((static_cast<std::uint64_t>(value) << 8) | c);
        return value;
    }

    std::uint64_t varint() {
        std::uint64_t value = 0;
        for (int shift = 0; shift < 64; shift += 7) {
            std::string_view byte = take(1);
            if (byte.empty()) return 0;
            auto bits = static_cast<unsigned char>(byte[0]);
            value |= static_cast<std::uint64_t>(bits & 0x7f) << shift;
            if (bits < 0x80) return value;
        }
        fail();
        return 0;
    }

    std::string_view string() { return take(varint()); }

    std::string_view take(std::uint64_t size) {
        if (!ok_ || size > rest_.size()) {
            fail();
            return {};
        }
        std::string_view bytes = rest_.substr(0, size);
        rest_.remove_prefix(size);
        return bytes;
    }

private:
    void fail() {
        ok_ = false;
        rest_ = {};
    }

    std::string_view rest_;
    bool ok_ = true;
};

}  // namespace postrider
