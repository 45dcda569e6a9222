#include "sieve/lexer.h"

#include <fmt/format.h>

#include <limits>

#include "text/ascii.h"

namespace postrider::sieve {
namespace {

bool starts_word(char c) {
    return text::is_alpha(c) || c == '_';
}

bool in_word(char c) {
    return starts_word(c) || text::is_digit(c);
}

}  // namespace

void Lexer::step() {
    if (script_[at_] == '\n') {
        ++position_.line;
        position_.column = 1;
    } else {
        ++position_.column;
    }
    ++at_;
}

void Lexer::fail(Token& token, std::string what) {
    token.kind = Token::Kind::error;
    token.text = std::move(what);
}

void Lexer::skip_blank_and_comments() {
    while (at_ < script_.size()) {
        char c = script_[at_];
        if (text::is_space(c)) {
            step();
        } else if (c == '#') {
            while (at_ < script_.size() && script_[at_] != '\n') step();
        } else if (c == '/' && script_.substr(at_, 2) == "/*") {
            comment_at_ = position_;
            std::size_t end = script_.find("*/", at_ + 2);
            if (end == std::string_view::npos) {
                while (at_ < script_.size()) step();
                open_comment_ = "the comment that begins here does not end";
                return;
            }
            while (at_ < end + 2) step();
        } else {
            return;
        }
    }
}

void Lexer::word(std::string& out) {
    while (at_ < script_.size() && in_word(script_[at_])) {
        out += script_[at_];
        step();
    }
}

/// number = 1*DIGIT [QUANTIFIER]
void Lexer::number(Token& token) {
    constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max() >> 31;
    token.kind = Token::Kind::number;
    bool too_large = false;
    while (at_ < script_.size() && text::is_digit(script_[at_])) {
        token.number = token.number * 10 + static_cast<unsigned>(script_[at_] - '0');
        if (token.number > most) {
            too_large = true;
            token.number = most;
        }
        step();
    }
    if (at_ < script_.size()) {
        int shift = 0;
        switch (text::upper(script_[at_])) {
        case 'K': shift = 10; break;
        case 'M': shift = 20; break;
        case 'G': shift = 30; break;
        default: break;
        }
        if (shift != 0) {
            step();
            token.number <<= shift;
        }
    }
    if (at_ < script_.size() && in_word(script_[at_])) {
        std::string rest;
        word(rest);
        return fail(token, fmt::format("a number cannot go on with \"{}\"", rest));
    }
    // RFC 5228 §2.4.1 asks for 2^31-1 at least.
    if (too_large) return fail(token, "number too large");
}

void Lexer::quoted(Token& token) {
    token.kind = Token::Kind::string;
    step();
    bool too_long = false;
    while (at_ < script_.size()) {
        char c = script_[at_];
        if (c == '"') {
            step();
            if (too_long) fail(token, "string too long");
            return;
        }
        if (c == '\\' && at_ + 1 < script_.size()) {
            step();
            c = script_[at_];
        }
        if (c == '\0') {
            step();
            return fail(token, "a string cannot hold a NUL");
        }
        if (token.text.size() < max_string_)
            token.text += c;
        else
            too_long = true;
        step();
    }
    fail(token, "the string that begins here does not end");
}

/// multi-line = "text:" *(SP / HTAB) (hash-comment / CRLF) *(multiline-literal / multiline-dotstart) "." CRLF
void Lexer::multi_line(Token& token) {
    token.kind = Token::Kind::string;
    while (at_ < script_.size() && text::is_blank(script_[at_])) step();
    if (at_ < script_.size() && script_[at_] == '#')
        while (at_ < script_.size() && script_[at_] != '\n') step();
    if (at_ < script_.size() && script_[at_] == '\r') step();
    if (at_ >= script_.size() || script_[at_] != '\n') {
        return fail(token, "\"text:\" must be the last word of its line");
    }
    step();
    bool too_long = false;
    while (at_ < script_.size()) {
        std::size_t end = script_.find('\n', at_);
        std::string_view line = script_.substr(at_, end == std::string_view::npos ? end : end + 1 - at_);
        at_ += line.size();
        ++position_.line;
        position_.column = 1;
        std::string_view bare = line;
        while (!bare.empty() && (bare.back() == '\n' || bare.back() == '\r')) bare.remove_suffix(1);
        if (bare == ".") {
            if (too_long) fail(token, "string too long");
            return;
        }
        if (bare.find('\0') != std::string_view::npos) return fail(token, "a string cannot hold a NUL");
        if (line.front() == '.' && line.size() > 1 && line[1] == '.') line.remove_prefix(1);
        if (token.text.size() + line.size() <= max_string_)
            token.text += line;
        else
            too_long = true;
    }
    fail(token, "the text that begins here does not end with a line of a single dot");
}

bool Lexer::multi_line_begins() const {
    return text::equal_ci(script_.substr(at_, 5), "text:");
}

Token Lexer::next() {
    skip_blank_and_comments();
    Token token;
    token.at = position_;
    if (!open_comment_.empty()) {
        token.at = comment_at_;
        fail(token, std::move(open_comment_));
        open_comment_.clear();
        return token;
    }
    if (at_ >= script_.size()) return token;
    char c = script_[at_];
    if (multi_line_begins()) {
        for (int i = 0; i < 5; ++i) step();
        multi_line(token);
    } else if (starts_word(c)) {
        token.kind = Token::Kind::identifier;
        word(token.text);
    } else if (c == ':') {
        step();
        if (at_ < script_.size() && starts_word(script_[at_])) {
            token.kind = Token::Kind::tag;
            word(token.text);
        } else {
            fail(token, "a colon must be followed by the name of a tag");
        }
    } else if (text::is_digit(c)) {
        number(token);
    } else if (c == '"') {
        quoted(token);
    } else if (std::string_view{"()[]{},;"}.find(c) != std::string_view::npos) {
        token.kind = Token::Kind::mark;
        token.mark = c;
        step();
    } else {
        step();
        unsigned char octet = static_cast<unsigned char>(c);
        fail(token, octet > 32 && octet < 127 ? fmt::format("unexpected character \"{}\"", c)
                                              : fmt::format("unexpected octet 0x{:02x}", octet));
    }
    return token;
}

}  // namespace postrider::sieve
