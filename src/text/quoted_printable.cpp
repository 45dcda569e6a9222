#include "text/quoted_printable.h"

#include <algorithm>
#include <cstring>

#include "text/ascii.h"
#include "text/hex.h"

namespace postrider::text {
namespace {

constexpr std::size_t line_length = 76;

/// One line without its end; soft breaks where it is too long.
void encode_line(std::string_view line, std::string& out) {
    static constexpr char digits[] = "0123456789ABCDEF";
    std::size_t column = 0;
    for (std::size_t i = 0; i < line.size(); ++i) {
        char c = line[i];
        bool last = i + 1 == line.size();
        bool plain = (c >= 33 && c <= 126 && c != '=') || (is_blank(c) && !last);
        std::size_t width = plain ? 1 : 3;
        if (column + width > line_length - (last ? 0 : 1)) {
            out += "=\r\n";
            column = 0;
        }
        if (plain) {
            out += c;
        } else {
            auto octet = static_cast<unsigned char>(c);
            out += '=';
            out += digits[octet >> 4];
            out += digits[octet & 15];
        }
        column += width;
    }
}

/// One line without its end: appends it decoded. True when it ends in a soft break.
bool decode_line(std::string_view line, std::string& out) {
    while (!line.empty() && is_blank(line.back())) line.remove_suffix(1);
    while (!line.empty()) {
        auto equals = static_cast<const char*>(std::memchr(line.data(), '=', line.size()));
        if (equals == nullptr) {
            out.append(line);
            return false;
        }
        auto before = static_cast<std::size_t>(equals - line.data());
        out.append(line.substr(0, before));
        line.remove_prefix(before);
        if (line.size() == 1) return true;
        int high = line.size() >= 3 ? hex_digit(line[1]) : -1;
        int low = line.size() >= 3 ? hex_digit(line[2]) : -1;
        if (high >= 0 && low >= 0) {
            out += static_cast<char>(high * 16 + low);
            line.remove_prefix(3);
        } else {
            out += '=';
            line.remove_prefix(1);
        }
    }
    return false;
}

}  // namespace

std::string encode_quoted_printable(std::string_view text) {
    std::string out;
    out.reserve(text.size() + text.size() / 8);
    while (!text.empty()) {
        std::size_t lf = text.find('\n');
        std::string_view line = text.substr(0, lf);
        text.remove_prefix(lf == std::string_view::npos ? text.size() : lf + 1);
        if (lf != std::string_view::npos && line.ends_with('\r')) line.remove_suffix(1);
        encode_line(line, out);
        if (lf != std::string_view::npos) out += "\r\n";
    }
    return out;
}

void decode_quoted_printable(std::string_view text, std::string& out, std::size_t limit) {
    const std::size_t before = out.size();
    const std::size_t stop = limit > std::string::npos - before ? std::string::npos : before + limit;
    while (!text.empty() && out.size() < stop) {
        std::size_t lf = text.find('\n');
        std::string_view line = text.substr(0, lf);
        std::string_view line_end = lf == std::string_view::npos ? std::string_view{} : text.substr(lf, 1);
        text.remove_prefix(line.size() + line_end.size());
        if (!line_end.empty() && line.ends_with('\r')) {
            line_end = std::string_view{line.data() + line.size() - 1, 2};
            line.remove_suffix(1);
        }
        if (!decode_line(line, out)) out.append(line_end);
    }
    if (out.size() > stop) out.resize(stop);
}

std::string decode_quoted_printable(std::string_view text) {
    std::string out;
    out.reserve(text.size());
    decode_quoted_printable(text, out);
    return out;
}

}  // namespace postrider::text
