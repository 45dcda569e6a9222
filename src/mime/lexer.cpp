#include "mime/lexer.h"

#include "mime/encoded_word.h"
#include "text/ascii.h"

namespace postrider::mime {
namespace {

enum : std::uint8_t { atom_char = 1, token_char = 2 };

constexpr std::array<std::uint8_t, 256> make_classes() {
    std::array<std::uint8_t, 256> classes{};
    for (int c = 0; c < 256; ++c) {
        if (c <= 32 || c == 127) continue;
        constexpr std::string_view specials = "()<>[]:;@\\,\"";
        constexpr std::string_view tspecials = "()<>@,;:\\\"/[]?=";
        bool high = c >= 128;
        if (high || specials.find(static_cast<char>(c)) == std::string_view::npos) classes[c] |= atom_char;
        if (high || tspecials.find(static_cast<char>(c)) == std::string_view::npos) classes[c] |= token_char;
    }
    return classes;
}

constexpr std::array<std::uint8_t, 256> classes = make_classes();

bool is(char c, std::uint8_t which) {
    return (classes[static_cast<unsigned char>(c)] & which) != 0;
}

}  // namespace

bool Lexer::skip_cfws(std::string* out) {
    const char* before = at_;
    while (at_ < end_) {
        if (text::is_space(*at_)) {
            ++at_;
        } else if (*at_ == '(') {
            ++at_;
            if (out != nullptr) out->clear();
            comment(out);
        } else {
            break;
        }
    }
    return at_ != before;
}

void Lexer::quoted_string(std::string& out) {
    while (at_ < end_) {
        char c = *at_++;
        if (c == '"') return;
        if (c == '\\' && at_ < end_) c = *at_++;
        if (c != '\r' && c != '\n') out += c;
    }
}

void Lexer::comment(std::string* out) {
    for (std::size_t depth = 1; at_ < end_;) {
        char c = *at_++;
        if (c == '\\' && at_ < end_) {
            c = *at_++;
        } else if (c == '(') {
            ++depth;
        } else if (c == ')' && --depth == 0) {
            return;
        }
        if (out != nullptr && c != '\r' && c != '\n') *out += c;
    }
}

std::string_view Lexer::dot_atom() {
    const char* begin = at_;
    while (at_ < end_) {
        if (*at_ == '=' && end_ - at_ > 1 && at_[1] == '?') {
            if (auto word = parse_encoded_word(rest())) {
                at_ += word->size;
                continue;
            }
        }
        if (!is(*at_, atom_char)) break;
        ++at_;
    }
    return {begin, static_cast<std::size_t>(at_ - begin)};
}

std::string_view Lexer::token() {
    const char* begin = at_;
    while (at_ < end_ && is(*at_, token_char)) ++at_;
    return {begin, static_cast<std::size_t>(at_ - begin)};
}

}  // namespace postrider::mime
