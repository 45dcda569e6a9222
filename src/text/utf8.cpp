#include "text/utf8.h"

#include <cstring>

#include "text/ascii.h"

namespace postrider::text {
namespace {

/// How many octets at the front are US-ASCII, in steps of eight where possible.
std::size_t ascii_run(std::string_view text) {
    std::size_t i = 0;
    for (; i + 8 <= text.size(); i += 8) {
        std::uint64_t word;
        std::memcpy(&word, text.data() + i, 8);
        if (word & 0x8080808080808080u) break;
    }
    while (i < text.size() && static_cast<unsigned char>(text[i]) < 0x80) ++i;
    return i;
}

}  // namespace

char32_t take_code_point(std::string_view& text) {
    auto octet = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
    unsigned char first = octet(0);
    if (first < 0x80) {
        text.remove_prefix(1);
        return first;
    }
    std::size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    if (first < 0xc2 || first > 0xf4) {
        text.remove_prefix(1);
        return malformed;
    }
    char32_t value = first & (0xffu >> (length + 1));
    for (std::size_t i = 1; i < length; ++i) {
        // The second octet's range excludes overlong forms, surrogates and what is too large (RFC 3629 §4).
        unsigned char low = i == 1 && first == 0xe0 ? 0xa0 : i == 1 && first == 0xf0 ? 0x90 : 0x80;
        unsigned char high = i == 1 && first == 0xed ? 0x9f : i == 1 && first == 0xf4 ? 0x8f : 0xbf;
        if (i >= text.size() || octet(i) < low || octet(i) > high) {
            text.remove_prefix(i);
            return malformed;
        }
        value = value << 6 | (octet(i) & 0x3f);
    }
    text.remove_prefix(length);
    return value;
}

bool valid_utf8(std::string_view text) {
    while (true) {
        text.remove_prefix(ascii_run(text));
        if (text.empty()) return true;
        if (take_code_point(text) == malformed) return false;
    }
}

void append_utf8(std::string& out, char32_t c) {
    auto put = [&](char32_t octet) { out += static_cast<char>(octet); };
    if (c < 0x80) {
        put(c);
    } else if (c < 0x800) {
        put(0xc0 | c >> 6);
        put(0x80 | (c & 0x3f));
    } else if (c < 0x10000) {
        put(0xe0 | c >> 12);
        put(0x80 | (c >> 6 & 0x3f));
        put(0x80 | (c & 0x3f));
    } else {
        put(0xf0 | (c >> 18 & 7));
        put(0x80 | (c >> 12 & 0x3f));
        put(0x80 | (c >> 6 & 0x3f));
        put(0x80 | (c & 0x3f));
    }
}

std::string repair_utf8(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    while (!text.empty()) {
        std::size_t run = ascii_run(text);
        out.append(text.substr(0, run));
        text.remove_prefix(run);
        if (text.empty()) break;
        std::string_view before = text;
        if (take_code_point(text) == malformed)
            out += "\xef\xbf\xbd";
        else
            out.append(before.substr(0, before.size() - text.size()));
    }
    return out;
}

std::string_view truncate_utf8(std::string_view text, std::size_t max) {
    if (text.size() <= max) return text;
    std::size_t cut = max;
    while (cut > 0 && max - cut < 3 && (static_cast<unsigned char>(text[cut]) & 0xc0) == 0x80) --cut;
    return text.substr(0, cut);
}

}  // namespace postrider::text
