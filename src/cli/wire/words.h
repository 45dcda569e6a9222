#pragma once

#include <cstddef>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

/// One line of a command as words. Pure.
///
///     line    = *SP [word *(1*SP word)] *SP
///     word    = escaped / "'" *(any octet but ' and control) "'" / DQUOTE *(octet / "\" octet) DQUOTE / set
///     escaped = 1*(printable octet; space, ' and " only behind a "\") [("=" / "<" / ">") double-quoted]
///     set     = "(" *SP [element *(1*SP element)] *SP ")"        element: as word, but no set
///
/// A backslash before a space, a quote, a parenthesis or another backslash makes that octet an ordinary one;
/// before anything else it stands for itself. Octets above 127 are UTF-8. A tab counts as a space.
namespace postrider::cli {

struct Word {
    std::string text;     ///< of a set: nothing
    bool quoted = false;  ///< then it is a value, never a keyword
    bool is_set = false;  ///< "(a b c)"
    std::vector<std::string> elements{};

    friend bool operator==(const Word&, const Word&) = default;
};

struct WordError {
    std::size_t at = 0;  ///< octet of the line, from 0
    std::string what;
};

inline constexpr std::size_t max_line = 64 * 1024;  ///< octets of one line
inline constexpr std::size_t max_words = 4096;      ///< words and elements of one line

/// The words of a line of at most max_line octets.
std::expected<std::vector<Word>, WordError> parse_words(std::string_view line);

/// A word as it can be typed: parse_words(print(word)) gives it back. Control characters cannot be typed.
std::string print(const Word& word);

/// In double quotes, as SHOW prints texts.
std::string quoted_text(std::string_view text);

}  // namespace postrider::cli
