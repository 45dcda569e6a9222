#include "mime/imap_string.h"

#include <array>
#include <charconv>

#include "text/ascii.h"

namespace postrider::mime {
namespace {

enum Class : unsigned char { plain = 0, escaped = 1, literal = 2, nul = 4 };

constexpr std::array<unsigned char, 256> make_classes() {
    std::array<unsigned char, 256> classes{};
    for (int c = 128; c < 256; ++c) classes[c] = literal;
    classes['\r'] = classes['\n'] = literal;
    classes['"'] = classes['\\'] = escaped;
    classes[0] = nul;
    return classes;
}

constexpr auto classes = make_classes();

void append_literal(std::string& out, std::string_view text) {
    char digits[24];
    auto end = std::to_chars(digits, digits + sizeof digits, text.size()).ptr;
    out += '{';
    out.append(digits, end);
    out += "}\r\n";
    out += text;
}

}  // namespace

void append_imap_string(std::string& out, std::string_view text) {
    unsigned seen = 0;
    for (char c : text) seen |= classes[static_cast<unsigned char>(c)];
    if (seen & nul) {
        std::string without;
        for (char c : text)
            if (c != '\0') without += c;
        append_imap_string(out, without);
        return;
    }
    if (seen & literal) {
        append_literal(out, text);
        return;
    }
    out += '"';
    if (seen == plain) {
        out += text;
    } else {
        for (char c : text) {
            if (c == '"' || c == '\\') out += '\\';
            out += c;
        }
    }
    out += '"';
}

void append_imap_nstring(std::string& out, std::string_view text) {
    if (text.empty())
        out += "NIL";
    else
        append_imap_string(out, text);
}

void append_imap_upper(std::string& out, std::string_view text) {
    std::size_t begin = out.size();
    append_imap_string(out, text);
    for (std::size_t i = begin; i < out.size(); ++i) out[i] = text::upper(out[i]);
}

}  // namespace postrider::mime
