#pragma once

#include <cstdint>
#include <string_view>

/// The grammar of ENVELOPE, BODY and BODYSTRUCTURE answers (RFC 9051 §9 with the quoted strings of RFC 3501),
/// as a client holds it against us. For tests and fuzz targets only.
namespace postrider::mime {

class FetchSyntax {
public:
    static bool envelope(std::string_view text) {
        FetchSyntax in{text};
        in.envelope();
        return in.good_ && in.text_.empty();
    }
    static bool body(std::string_view text, bool extended) {
        FetchSyntax in{text};
        in.body(extended);
        return in.good_ && in.text_.empty();
    }

private:
    explicit FetchSyntax(std::string_view text) : text_{text} {}

    bool next_is(std::string_view token) const { return text_.starts_with(token); }

    bool take(std::string_view token) {
        if (!next_is(token)) return false;
        text_.remove_prefix(token.size());
        return true;
    }

    void need(std::string_view token) { good_ = take(token) && good_; }
    void fail() {
        good_ = false;
        text_ = {};
    }

    void number() {
        std::size_t digits = 0;
        while (digits < text_.size() && text_[digits] >= '0' && text_[digits] <= '9') ++digits;
        if (digits == 0 || digits > 10) return fail();
        text_.remove_prefix(digits);
    }

    void string() {
        if (take("\"")) {
            while (!text_.empty()) {
                char c = text_.front();
                text_.remove_prefix(1);
                if (c == '"') return;
                if (c == '\\') {
                    if (text_.empty() || (text_.front() != '"' && text_.front() != '\\')) return fail();
                    text_.remove_prefix(1);
                } else if (c == '\r' || c == '\n' || c == '\0' || static_cast<unsigned char>(c) > 127) {
                    return fail();
                }
            }
            return fail();
        }
        if (!take("{")) return fail();
        std::uint64_t size = 0;
        while (!text_.empty() && text_.front() >= '0' && text_.front() <= '9' && size < (1u << 30)) {
            size = size * 10 + static_cast<std::uint64_t>(text_.front() - '0');
            text_.remove_prefix(1);
        }
        if (!take("}\r\n") || size > text_.size()) return fail();
        if (text_.substr(0, size).find('\0') != std::string_view::npos) return fail();
        text_.remove_prefix(size);
    }

    void nstring() {
        if (!take("NIL")) string();
    }

    void envelope() {
        need("(");
        nstring();
        need(" ");
        nstring();
        for (int list = 0; list < 6; ++list) {
            need(" ");
            addresses();
        }
        need(" ");
        nstring();
        need(" ");
        nstring();
        need(")");
    }

    void addresses() {
        if (take("NIL")) return;
        need("(");
        do {
            need("(");
            for (int word = 0; word < 4; ++word) {
                if (word > 0) need(" ");
                nstring();
            }
            need(")");
        } while (good_ && next_is("("));
        need(")");
    }

    void parameters() {
        if (take("NIL")) return;
        need("(");
        do {
            string();
            need(" ");
            string();
        } while (good_ && take(" "));
        need(")");
    }

    void disposition() {
        if (take("NIL")) return;
        need("(");
        string();
        need(" ");
        parameters();
        need(")");
    }

    void language() {
        if (!take("(")) return nstring();
        do string();
        while (good_ && take(" "));
        need(")");
    }

    void extension() {
        need(" ");
        disposition();
        need(" ");
        language();
        need(" ");
        nstring();
    }

    void body(bool extended) {
        need("(");
        if (next_is("(")) {
            do body(extended);
            while (good_ && next_is("("));
            need(" ");
            string();
            if (extended) {
                need(" ");
                parameters();
                extension();
            }
            return need(")");
        }
        bool text = next_is("\"TEXT\"");
        bool message = next_is("\"MESSAGE\" \"RFC822\"") || next_is("\"MESSAGE\" \"GLOBAL\"");
        string();
        need(" ");
        string();
        need(" ");
        parameters();
        need(" ");
        nstring();
        need(" ");
        nstring();
        need(" ");
        string();
        need(" ");
        number();
        if (message) {
            need(" ");
            envelope();
            need(" ");
            body(extended);
        }
        if (message || text) {
            need(" ");
            number();
        }
        if (extended) {
            need(" ");
            nstring();
            extension();
        }
        need(")");
    }

    std::string_view text_;
    bool good_ = true;
};

}  // namespace postrider::mime
