#include "text/ascii.h"

#include <cstdint>
#include <cstring>

namespace postrider::text {

namespace {

/// Turns the case of the letters from `first` to `last` (A and Z, or a and z), eight octets at a time.
std::string turn_case(std::string_view text, char first, char last) {
    constexpr std::uint64_t ones = 0x0101010101010101u, high = ones * 0x80;
    const std::uint64_t from = ones * static_cast<std::uint64_t>(0x80 - first);
    const std::uint64_t behind = ones * static_cast<std::uint64_t>(0x7f - last);
    std::string out{text};
    std::size_t at = 0;
    for (; at + 8 <= out.size(); at += 8) {
        std::uint64_t word;
        std::memcpy(&word, out.data() + at, 8);
        // The highest bit of each octet says whether it is one of these: no sum runs over into the next.
        const std::uint64_t low = word & ~high;
        word ^= (((low + from) ^ (low + behind)) & ~word & high) >> 2;
        std::memcpy(out.data() + at, &word, 8);
    }
    for (; at < out.size(); ++at)
        if (out[at] >= first && out[at] <= last) out[at] = static_cast<char>(out[at] ^ 0x20);
    return out;
}

}  // namespace

std::string to_lower(std::string_view text) {
    return turn_case(text, 'A', 'Z');
}

std::string to_upper(std::string_view text) {
    return turn_case(text, 'a', 'z');
}

bool equal_ci(std::string_view a, std::string_view b) {
    if (a.size() != b.size()) return false;
    for (std::size_t i = 0; i < a.size(); ++i)
        if (lower(a[i]) != lower(b[i])) return false;
    return true;
}

bool starts_with_ci(std::string_view text, std::string_view prefix) {
    return text.size() >= prefix.size() && equal_ci(text.substr(0, prefix.size()), prefix);
}

bool is_ascii(std::string_view text) {
    const char* p = text.data();
    const char* end = p + text.size();
    std::uint64_t high = 0;
    for (; end - p >= 32; p += 32) {
        std::uint64_t words[4];
        std::memcpy(words, p, 32);
        if ((words[0] | words[1] | words[2] | words[3]) & 0x8080808080808080u) return false;
    }
    for (; p < end; ++p) high |= static_cast<unsigned char>(*p);
    return (high & 0x80) == 0;
}

std::string_view trim(std::string_view text) {
    while (!text.empty() && is_space(text.front())) text.remove_prefix(1);
    while (!text.empty() && is_space(text.back())) text.remove_suffix(1);
    return text;
}

}  // namespace postrider::text
