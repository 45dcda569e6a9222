#include "text/base64.h"

#include <algorithm>
#include <array>
#include <cstdint>

namespace postrider::text {
namespace {

constexpr char standard[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
constexpr char url_safe[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::uint32_t bad = 0xff000000;

/// Four tables, one per position in a quantum, whose entries only need to be or-ed: a bad octet sets the top
/// byte.
struct DecodeTables {
    std::array<std::array<std::uint32_t, 256>, 4> at;
};

constexpr DecodeTables make_tables(const char* alphabet) {
    DecodeTables tables{};
    for (auto& table : tables.at) table.fill(bad);
    for (std::uint32_t value = 0; value < 64; ++value)
        for (int position = 0; position < 4; ++position)
            tables.at[position][static_cast<unsigned char>(alphabet[value])] = value << (18 - 6 * position);
    return tables;
}

constexpr DecodeTables standard_tables = make_tables(standard);
constexpr DecodeTables url_tables = make_tables(url_safe);

std::uint32_t quantum(const DecodeTables& tables, const char* p) {
    return tables.at[0][static_cast<unsigned char>(p[0])] | tables.at[1][static_cast<unsigned char>(p[1])]
           | tables.at[2][static_cast<unsigned char>(p[2])] | tables.at[3][static_cast<unsigned char>(p[3])];
}

char* put3(char* out, std::uint32_t bits) {
    out[0] = static_cast<char>(bits >> 16);
    out[1] = static_cast<char>(bits >> 8);
    out[2] = static_cast<char>(bits);
    return out + 3;
}

/// Writes the characters of `bytes`; `out` has room for 4 for each 3 begun.
char* encode(const char* alphabet, std::string_view bytes, char* out, bool padded) {
    auto octet = [&](std::size_t i) {
        return static_cast<std::uint32_t>(static_cast<unsigned char>(bytes[i]));
    };
    std::size_t i = 0;
    for (; i + 3 <= bytes.size(); i += 3) {
        std::uint32_t bits = octet(i) << 16 | octet(i + 1) << 8 | octet(i + 2);
        *out++ = alphabet[bits >> 18];
        *out++ = alphabet[bits >> 12 & 63];
        *out++ = alphabet[bits >> 6 & 63];
        *out++ = alphabet[bits & 63];
    }
    std::size_t left = bytes.size() - i;
    if (left == 0) return out;
    std::uint32_t bits = octet(i) << 16 | (left == 2 ? octet(i + 1) << 8 : 0);
    *out++ = alphabet[bits >> 18];
    *out++ = alphabet[bits >> 12 & 63];
    if (left == 2) *out++ = alphabet[bits >> 6 & 63];
    if (padded) {
        if (left == 1) *out++ = '=';
        *out++ = '=';
    }
    return out;
}

/// `text` without padding. The last quantum may have 2 or 3 characters, its spare bits are zero.
std::optional<std::string> decode(const DecodeTables& tables, std::string_view text) {
    std::size_t whole = text.size() / 4;
    std::size_t left = text.size() % 4;
    if (left == 1) return std::nullopt;
    std::string out(whole * 3 + (left == 0 ? 0 : left - 1), '\0');
    char* to = out.data();
    std::uint32_t seen = 0;
    for (std::size_t i = 0; i < whole; ++i) {
        std::uint32_t bits = quantum(tables, text.data() + 4 * i);
        seen |= bits;
        to = put3(to, bits);
    }
    if (left != 0) {
        char last[4] = {text[4 * whole], text[4 * whole + 1], left == 3 ? text[4 * whole + 2] : 'A', 'A'};
        std::uint32_t bits = quantum(tables, last);
        seen |= bits;
        *to++ = static_cast<char>(bits >> 16);
        if (left == 3) *to++ = static_cast<char>(bits >> 8);
        if (bits & (left == 3 ? 0xffu : 0xffffu)) return std::nullopt;
    }
    if (seen & bad) return std::nullopt;
    return out;
}

}  // namespace

std::string encode_base64(std::string_view bytes) {
    std::string out((bytes.size() + 2) / 3 * 4, '\0');
    encode(standard, bytes, out.data(), true);
    return out;
}

std::string encode_base64url(std::string_view bytes) {
    std::string out((bytes.size() + 2) / 3 * 4, '\0');
    out.resize(static_cast<std::size_t>(encode(url_safe, bytes, out.data(), false) - out.data()));
    return out;
}

std::string encode_base64_lines(std::string_view bytes) {
    constexpr std::size_t octets_a_line = 57;  // 76 characters, RFC 2045 §6.8
    std::size_t lines = (bytes.size() + octets_a_line - 1) / octets_a_line;
    std::string out((bytes.size() + 2) / 3 * 4 + lines * 2, '\0');
    char* to = out.data();
    while (!bytes.empty()) {
        std::string_view line = bytes.substr(0, octets_a_line);
        bytes.remove_prefix(line.size());
        to = encode(standard, line, to, true);
        *to++ = '\r';
        *to++ = '\n';
    }
    return out;
}

std::optional<std::string> decode_base64(std::string_view text) {
    if (text.size() % 4 != 0) return std::nullopt;
    for (int padding = 0; padding < 2 && text.ends_with('='); ++padding) text.remove_suffix(1);
    return decode(standard_tables, text);
}

std::optional<std::string> decode_base64url(std::string_view text) {
    if (text.size() % 4 == 0)
        for (int padding = 0; padding < 2 && text.ends_with('='); ++padding) text.remove_suffix(1);
    return decode(url_tables, text);
}

void decode_base64_lenient(std::string_view text, std::string& out, std::size_t limit) {
    const std::size_t before = out.size();
    const std::size_t most = text.size() / 4 * 3 + 3;
    limit = std::min(limit, most);
    out.resize(before + std::min(most, limit + 3));
    char* to = out.data() + before;
    char* stop = to + limit;
    const char* p = text.data();
    const char* end = p + text.size();
    std::uint32_t bits = 0;
    int held = 0;  // characters of the quantum begun
    auto flush = [&] {
        if (held >= 2) *to++ = static_cast<char>(bits >> 16);
        if (held == 3) *to++ = static_cast<char>(bits >> 8);
        bits = 0;
        held = 0;
    };
    while (p < end && to < stop) {
        if (held == 0) {
            std::uint32_t four;
            while (end - p >= 4 && to < stop && ((four = quantum(standard_tables, p)) & bad) == 0) {
                to = put3(to, four);
                p += 4;
            }
            if (p >= end || to >= stop) break;
        }
        char c = *p++;
        if (c == '=') {
            flush();
            continue;
        }
        std::uint32_t value = standard_tables.at[3][static_cast<unsigned char>(c)];
        if (value & bad) continue;
        bits |= value << (18 - 6 * held);
        if (++held == 4) {
            to = put3(to, bits);
            bits = 0;
            held = 0;
        }
    }
    if (to < stop) flush();
    out.resize(before + std::min(static_cast<std::size_t>(to - out.data()) - before, limit));
}

std::string decode_base64_lenient(std::string_view text) {
    std::string out;
    decode_base64_lenient(text, out);
    return out;
}

}  // namespace postrider::text
