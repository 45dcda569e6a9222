#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace postrider::sieve {

/// Where something stands in a script; both from 1.
struct Position {
    std::uint32_t line = 1, column = 1;
};

struct Token {
    enum class Kind : std::uint8_t { identifier, tag, number, string, mark, end, error };
    Kind kind = Kind::end;
    Position at;
    std::string text;         ///< identifier; tag without its colon; string without quotes; what is wrong
    char mark = 0;            ///< one of ( ) [ ] { } , ;
    std::uint64_t number = 0;  ///< quantifier applied
};

/// The tokens of a script (RFC 5228 §8.1).
class Lexer {
public:
    explicit Lexer(std::string_view script, std::uint32_t max_string)
        : script_{script}, max_string_{max_string} {}

    /// After an error it goes on behind what was wrong; after the end it is always the end.
    Token next();

private:
    void skip_blank_and_comments();
    void step();
    bool multi_line_begins() const;
    void number(Token& token);
    void quoted(Token& token);
    void multi_line(Token& token);
    void word(std::string& out);
    void fail(Token& token, std::string what);

    std::string_view script_;
    std::size_t at_ = 0;
    Position position_;
    std::uint32_t max_string_;
    std::string open_comment_;
    Position comment_at_;
};

}  // namespace postrider::sieve
