#include "text/mutf7.h"

#include <cstdint>

#include "text/utf8.h"

namespace postrider::text {
namespace {

constexpr std::string_view alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+,";

bool direct(char32_t c) {
    return c >= 0x20 && c <= 0x7e;
}

/// The characters between "&" and "-": UTF-16 in base64 without padding.
class Shift {
public:
    explicit Shift(std::string& out) : out_{out} {}

    void put(char32_t c) {
        if (c >= 0x10000) {
            put16(0xd800 + ((c - 0x10000) >> 10));
            put16(0xdc00 + ((c - 0x10000) & 0x3ff));
        } else {
            put16(c);
        }
    }

    void close() {
        if (count_ > 0) out_ += alphabet[bits_ << (6 - count_) & 63];
        out_ += '-';
    }

private:
    void put16(std::uint32_t unit) {
        bits_ = bits_ << 16 | unit;
        count_ += 16;
        while (count_ >= 6) {
            count_ -= 6;
            out_ += alphabet[bits_ >> count_ & 63];
        }
        bits_ &= (1u << count_) - 1;
    }

    std::string& out_;
    std::uint64_t bits_ = 0;
    int count_ = 0;
};

/// What stands between "&" and "-" as UTF-8; false when it is malformed or not in its one right form.
bool decode_shift(std::string_view shifted, std::string& out) {
    std::uint32_t bits = 0;
    int count = 0;
    char32_t high = 0;  // the first half of a surrogate pair
    for (char c : shifted) {
        std::size_t value = alphabet.find(c);
        if (value == std::string_view::npos) return false;
        bits = bits << 6 | static_cast<std::uint32_t>(value);
        count += 6;
        if (count < 16) continue;
        count -= 16;
        char32_t unit = bits >> count & 0xffff;
        bits &= (1u << count) - 1;
        if (high != 0) {
            if (unit < 0xdc00 || unit > 0xdfff) return false;
            append_utf8(out, 0x10000 + ((high - 0xd800) << 10) + (unit - 0xdc00));
            high = 0;
        } else if (unit >= 0xd800 && unit <= 0xdbff) {
            high = unit;
        } else if (direct(unit) || (unit >= 0xdc00 && unit <= 0xdfff)) {
            return false;
        } else {
            append_utf8(out, unit);
        }
    }
    return high == 0 && count < 6 && bits == 0;
}

}  // namespace

std::optional<std::string> encode_mutf7(std::string_view utf8) {
    std::string out;
    out.reserve(utf8.size() + 8);
    while (!utf8.empty()) {
        std::string_view ahead = utf8;
        char32_t c = take_code_point(ahead);
        if (c == malformed) return std::nullopt;
        if (direct(c)) {
            out += static_cast<char>(c);
            if (c == '&') out += '-';
            utf8 = ahead;
            continue;
        }
        out += '&';
        Shift shift{out};
        while (!direct(c)) {
            shift.put(c);
            utf8 = ahead;
            if (utf8.empty()) break;
            c = take_code_point(ahead);
            if (c == malformed) return std::nullopt;
        }
        shift.close();
    }
    return out;
}

std::optional<std::string> decode_mutf7(std::string_view name) {
    std::string out;
    out.reserve(name.size());
    bool after_shift = false;
    while (!name.empty()) {
        char c = name.front();
        name.remove_prefix(1);
        if (c < 0x20 || c > 0x7e) return std::nullopt;
        if (c != '&') {
            out += c;
            after_shift = false;
            continue;
        }
        std::size_t end = name.find('-');
        if (end == std::string_view::npos) return std::nullopt;
        if (end == 0) {
            out += '&';
            after_shift = false;
        } else {
            // "&AOQ-&APY-" would be a second spelling of "&AOQA9g-".
            if (after_shift || !decode_shift(name.substr(0, end), out)) return std::nullopt;
            after_shift = true;
        }
        name.remove_prefix(end + 1);
    }
    return out;
}

}  // namespace postrider::text
