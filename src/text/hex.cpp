#include "text/hex.h"

namespace postrider::text {

std::string to_hex(std::string_view bytes) {
    static constexpr char digits[] = "0123456789abcdef";
    std::string out(bytes.size() * 2, '\0');
    for (std::size_t i = 0; i < bytes.size(); ++i) {
        auto octet = static_cast<unsigned char>(bytes[i]);
        out[2 * i] = digits[octet >> 4];
        out[2 * i + 1] = digits[octet & 15];
    }
    return out;
}

std::optional<std::string> from_hex(std::string_view digits) {
    if (digits.size() % 2 != 0) return std::nullopt;
    std::string out(digits.size() / 2, '\0');
    for (std::size_t i = 0; i < out.size(); ++i) {
        int high = hex_digit(digits[2 * i]);
        int low = hex_digit(digits[2 * i + 1]);
        if (high < 0 || low < 0) return std::nullopt;
        out[i] = static_cast<char>(high * 16 + low);
    }
    return out;
}

}  // namespace postrider::text
