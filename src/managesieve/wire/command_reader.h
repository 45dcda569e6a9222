#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// Commands as clients send them (RFC 5804 §4): words, strings (quoted or as literals), numbers.
namespace postrider::managesieve {

struct Token {
    enum class Kind : std::uint8_t { word, string, number };
    Kind kind = Kind::word;
    std::string text;
    std::uint64_t number = 0;
};

/// Collects one command from its lines and literals.
///
///     reader.line(text)            -> done: tokens() is the command; bad: problem() says why
///                                  -> literal: read literal_size() octets, literal(octets), and the next
///                                  line
class CommandReader {
public:
    enum class State : std::uint8_t { done, literal, bad };

    State line(std::string_view text);
    std::uint64_t literal_size() const { return literal_size_; }
    void literal(std::string octets);
    /// The announced literal was read and thrown away.
    void literal_skipped() { skipped_ = true; }

    const std::vector<Token>& tokens() const { return tokens_; }
    bool skipped() const { return skipped_; }  ///< a literal is missing: it was too large
    const std::string& problem() const { return problem_; }
    void clear();

private:
    State bad(std::string_view what);
    bool quoted(std::string_view& rest);

    std::vector<Token> tokens_;
    std::uint64_t literal_size_ = 0;
    bool skipped_ = false;
    std::string problem_;
};

constexpr std::size_t max_tokens = 8;
constexpr std::size_t max_quoted = 4096;  ///< RFC 5804 §4 asks for 1,024

}  // namespace postrider::managesieve
