#include "managesieve/wire/command_reader.h"

#include "text/ascii.h"
#include "text/utf8.h"

namespace postrider::managesieve {

void CommandReader::clear() {
    tokens_.clear();
    literal_size_ = 0;
    skipped_ = false;
    problem_.clear();
}

CommandReader::State CommandReader::bad(std::string_view what) {
    problem_ = what;
    return State::bad;
}

void CommandReader::literal(std::string octets) {
    tokens_.push_back({Token::Kind::string, std::move(octets), 0});
}

/// quoted = DQUOTE *1024QUOTED-CHAR DQUOTE; in it only DQUOTE and "\" are escaped.
bool CommandReader::quoted(std::string_view& rest) {
    std::string text;
    rest.remove_prefix(1);
    while (!rest.empty()) {
        char c = rest.front();
        rest.remove_prefix(1);
        if (c == '"') {
            if (!text::valid_utf8(text)) return false;
            tokens_.push_back({Token::Kind::string, std::move(text), 0});
            return true;
        }
        if (c == '\\') {
            if (rest.empty()) return false;
            c = rest.front();
            rest.remove_prefix(1);
        }
        if (c == '\0' || c == '\r' || text.size() >= max_quoted) return false;
        text += c;
    }
    return false;
}

CommandReader::State CommandReader::line(std::string_view rest) {
    bool after_literal = !tokens_.empty() || skipped_;
    bool first = true;
    while (true) {
        if (first ? after_literal : true) {
            if (rest.empty()) break;
            if (rest.front() != ' ') return bad("Words must be parted by one blank");
            rest.remove_prefix(1);
        }
        first = false;
        if (rest.empty()) return bad(tokens_.empty() ? "A command is missing" : "A blank stands at the end");
        if (tokens_.size() >= max_tokens) return bad("Too many arguments");
        char c = rest.front();
        if (c == '"') {
            if (!quoted(rest)) return bad("A quoted string is malformed");
            continue;
        }
        if (c == '{') {
            // literal-c2s = "{" number "+}" CRLF *OCTET
            std::size_t end = rest.find("+}");
            std::string_view digits = rest.substr(1, end == std::string_view::npos ? 0 : end - 1);
            if (digits.empty() || digits.size() > 10 || end + 2 != rest.size())
                return bad("A literal is announced as {size+} at the end of a line");
            literal_size_ = 0;
            for (char d : digits) {
                if (!text::is_digit(d)) return bad("A literal is announced as {size+} at the end of a line");
                literal_size_ = literal_size_ * 10 + static_cast<unsigned>(d - '0');
            }
            return State::literal;
        }
        std::string_view word = rest.substr(0, rest.find(' '));
        if (word.empty()) return bad("Words must be parted by one blank");
        rest.remove_prefix(word.size());
        Token token;
        bool number = true;
        for (char d : word) {
            if (static_cast<unsigned char>(d) <= 32 || static_cast<unsigned char>(d) >= 127 || d == '"'
                || d == '{')
                return bad("That is no command");
            number &= text::is_digit(d);
        }
        token.text = word;
        if (number) {
            if (word.size() > 19) return bad("The number is too large");
            token.kind = Token::Kind::number;
            for (char d : word) token.number = token.number * 10 + static_cast<unsigned>(d - '0');
        }
        tokens_.push_back(std::move(token));
    }
    return State::done;
}

}  // namespace postrider::managesieve
