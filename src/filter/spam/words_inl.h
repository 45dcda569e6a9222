#pragma once

#include <array>
#include <string>
#include <string_view>

#include "text/utf8.h"

namespace postrider::filter {
namespace words_detail {

/// 0: ends a word, 1: part of one, 2: part of one but not at its ends, 3: first octet of a character above
/// US-ASCII.
constexpr std::array<std::uint8_t, 256> kinds = [] {
    std::array<std::uint8_t, 256> out{};
    for (int c = '0'; c <= '9'; ++c) out[static_cast<std::size_t>(c)] = 1;
    for (int c = 'A'; c <= 'Z'; ++c) out[static_cast<std::size_t>(c)] = 1;
    for (int c = 'a'; c <= 'z'; ++c) out[static_cast<std::size_t>(c)] = 1;
    for (char c : {'$', '!', '%'}) out[static_cast<std::uint8_t>(c)] = 1;
    for (char c : {'-', '\'', '_', '@', '.'}) out[static_cast<std::uint8_t>(c)] = 2;
    for (std::size_t c = 0x80; c < 256; ++c) out[c] = 3;
    return out;
}();

constexpr std::size_t shortest = 3, longest = 30;

/// Scripts that are written without blanks: from CJK radicals on, Thai, Lao, Khmer, Myanmar.
constexpr bool without_blanks(char32_t c) {
    return (c >= 0x2e80 && c < 0xd7a4) || (c >= 0xf900 && c < 0xfb00) || (c >= 0x20000 && c < 0x40000)
           || (c >= 0x0e00 && c < 0x0f00) || (c >= 0x1000 && c < 0x10a0) || (c >= 0x1780 && c < 0x1800);
}

}  // namespace words_detail

template <class Word>
void each_word(std::string_view text, std::string& scratch, Word word) {
    using namespace words_detail;
    scratch.clear();
    std::size_t solid = 0;    // up to its last octet that may end it
    std::string_view before;  // of a script without blanks
    auto finish = [&] {
        if (solid >= shortest) word(std::string_view{scratch}.substr(0, std::min(solid, longest)));
        scratch.clear();
        solid = 0;
    };
    while (!text.empty()) {
        const auto c = static_cast<unsigned char>(text.front());
        const std::uint8_t kind = kinds[c];
        if (kind == 3) {
            const std::string_view rest = text;
            const char32_t point = text::take_code_point(text);
            const std::string_view character = rest.substr(0, rest.size() - text.size());
            if (without_blanks(point)) {
                if (!scratch.empty()) finish();
                if (!before.empty() && before.data() + before.size() == character.data())
                    word(std::string_view{before.data(), before.size() + character.size()});
                before = character;
            } else if (point == 0x00a0 || point == 0x3000 || (point >= 0x2000 && point < 0x2070)) {
                // Blanks and invisible characters: the latter hide words from filters, so they are left out.
                if (point != 0x200b && point != 0x200c && point != 0x200d && point != 0x2060) finish();
            } else {
                if (scratch.size() < longest) scratch += character;
                solid = scratch.size();
            }
            continue;
        }
        text.remove_prefix(1);
        if (kind == 0) {
            if (!scratch.empty()) finish();
        } else if (kind == 1) {
            if (scratch.size() < longest) scratch += static_cast<char>(c >= 'A' && c <= 'Z' ? c + 32 : c);
            solid = scratch.size();
        } else if (!scratch.empty()) {
            if (scratch.size() < longest) scratch += static_cast<char>(c);
        }
    }
    finish();
}

}  // namespace postrider::filter
