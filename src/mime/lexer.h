#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

/// The small tokens that structured header fields are made of (RFC 5322 §3.2). Every function takes time
/// linear in what it reads; what is left open is closed by the end of the text.
namespace postrider::mime {

class Lexer {
public:
    explicit Lexer(std::string_view text) : at_{text.data()}, end_{text.data() + text.size()} {}

    bool at_end() const { return at_ == end_; }
    char peek() const { return at_ == end_ ? '\0' : *at_; }
    char get() { return *at_++; }
    void skip() { ++at_; }
    std::string_view rest() const { return {at_, static_cast<std::size_t>(end_ - at_)}; }

    bool take(char c) {
        if (at_ == end_ || *at_ != c) return false;
        ++at_;
        return true;
    }

    /// Blanks, line ends and comments. When `comment` is given, the text of the last comment goes there. True
    /// when there was anything.
    bool skip_cfws(std::string* comment = nullptr);

    /// After its opening quote: appends the text without escapes and line ends, up to and with the closing
    /// quote.
    void quoted_string(std::string& out);

    /// After its opening "(": the same, nested comments included (RFC 5322 §3.2.2).
    void comment(std::string* out);

    /// The longest run of characters that are no specials, blanks or controls; a dot counts as one of the
    /// run. An encoded word is taken whole, specials and all, for senders who forget that a phrase allows
    /// fewer (RFC 2047 §5).
    std::string_view dot_atom();

    /// The longest run of RFC 2045 token characters.
    std::string_view token();

private:
    const char* at_;
    const char* end_;
};

}  // namespace postrider::mime
