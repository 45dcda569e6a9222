#include "text/ascii.h"

#include <cstdint>
#include <cstring>

namespace postrider::text {

std::string to_lower(std::string_view text) {
    std::string out{text};
    for (char& c : out) c = lower(c);
    return out;
}

std::string to_upper(std::string_view text) {
    std::string out{text};
    for (char& c : out) c = upper(c);
    return out;
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
