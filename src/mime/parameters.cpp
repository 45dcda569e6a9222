#include "mime/parameters.h"

#include <algorithm>
#include <map>

#include "mime/encoded_word.h"
#include "text/ascii.h"
#include "text/charset.h"
#include "text/hex.h"

namespace postrider::mime {
namespace {

constexpr unsigned max_pieces = 1000;  // RFC 2231 continuations of one parameter

std::string percent_decoded(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        int high = text[i] == '%' && i + 2 < text.size() ? text::hex_digit(text[i + 1]) : -1;
        int low = high >= 0 ? text::hex_digit(text[i + 2]) : -1;
        if (low >= 0) {
            out += static_cast<char>(high * 16 + low);
            i += 2;
        } else {
            out += text[i];
        }
    }
    return out;
}

/// name ["*" number] ["*"] of RFC 2231 §3 and §4.
struct PieceName {
    std::string base;
    unsigned number = 0;
    bool numbered = false;
    bool extended = false;
};

PieceName split_name(std::string_view name) {
    PieceName piece;
    if (name.size() > 1 && name.ends_with('*')) {
        piece.extended = true;
        name.remove_suffix(1);
    }
    std::size_t star = name.find('*');
    if (star != std::string_view::npos && star > 0 && star + 1 < name.size() && name.size() - star <= 4) {
        unsigned number = 0;
        bool digits = true;
        for (char c : name.substr(star + 1)) {
            digits = digits && text::is_digit(c);
            number = number * 10 + static_cast<unsigned>(c - '0');
        }
        if (digits) {
            piece.numbered = true;
            piece.number = number;
            name = name.substr(0, star);
        }
    }
    piece.base = text::to_lower(name);
    return piece;
}

/// The pieces of one parameter in the order of their numbers.
struct Gathered {
    std::map<unsigned, std::pair<std::string, bool>> pieces;  // number: value, extended
    std::optional<std::string> plain;

    std::string decoded() const {
        if (pieces.empty()) return decode_encoded_words(plain.value_or(""));
        std::string bytes, charset;
        unsigned expected = 0;
        bool any_extended = false;
        for (const auto& [number, piece] : pieces) {
            if (number != expected++) break;  // RFC 2231 §3: what is behind a gap cannot be placed
            std::string_view value{piece.first};
            if (piece.second && number == 0) {
                // charset'language'text
                std::size_t first = value.find('\'');
                std::size_t second = first == std::string_view::npos ? first : value.find('\'', first + 1);
                if (second != std::string_view::npos) {
                    charset = value.substr(0, first);
                    value.remove_prefix(second + 1);
                }
            }
            any_extended = any_extended || piece.second;
            bytes += piece.second ? percent_decoded(value) : std::string{value};
        }
        return any_extended ? text::to_utf8(bytes, charset) : decode_encoded_words(bytes);
    }
};

}  // namespace

bool ParameterReader::next() {
    while (!in_.at_end()) {
        in_.skip_cfws();
        while (in_.take(';')) in_.skip_cfws();
        name = in_.token();
        in_.skip_cfws();
        if (name.empty() || !in_.take('=')) {
            // Not a parameter: on to the next ";", but never into a quoted string.
            while (!in_.at_end() && in_.peek() != ';') {
                if (in_.get() == '"') {
                    scratch_.clear();
                    in_.quoted_string(scratch_);
                }
            }
            continue;
        }
        in_.skip_cfws();
        if (in_.take('"')) {
            scratch_.clear();
            in_.quoted_string(scratch_);
            value = scratch_;
            return true;
        }
        // Senders leave quotes out where "/", "=", "?" or a blank asks for them: take all up to ";" or a line
        // end.
        std::string_view rest = in_.rest();
        std::size_t end = std::min(rest.find_first_of(";\r\n"), rest.size());
        value = rest.substr(0, end);
        if (std::size_t comment = value.find(" ("); comment != std::string_view::npos)
            value = value.substr(0, comment);
        value = text::trim(value);
        in_ = Lexer{rest.substr(end)};
        return true;
    }
    return false;
}

std::optional<ContentType> parse_content_type(std::string_view value) {
    Lexer in{value};
    in.skip_cfws();
    std::string_view type = in.token();
    in.skip_cfws();
    if (type.empty() || !in.take('/')) return std::nullopt;
    in.skip_cfws();
    std::string_view subtype = in.token();
    if (subtype.empty()) return std::nullopt;
    return ContentType{type, subtype, in};
}

std::vector<Parameter> decode_parameters(Lexer in) {
    std::vector<std::pair<std::string, Gathered>> gathered;
    ParameterReader reader{in};
    for (std::size_t count = 0; count < max_parameters && reader.next(); ++count) {
        PieceName piece = split_name(reader.name);
        auto place =
            std::find_if(gathered.begin(), gathered.end(), [&](auto& g) { return g.first == piece.base; });
        if (place == gathered.end()) place = gathered.insert(gathered.end(), {piece.base, Gathered{}});
        if (piece.numbered || piece.extended) {
            if (piece.number < max_pieces)
                place->second.pieces.try_emplace(piece.number, std::string{reader.value}, piece.extended);
        } else if (!place->second.plain) {
            place->second.plain = reader.value;
        }
    }
    std::vector<Parameter> parameters;
    for (auto& [name, parts] : gathered) parameters.push_back({name, parts.decoded()});
    return parameters;
}

std::string find_parameter(std::string_view value, std::string_view name) {
    std::size_t begin = value.find(';');
    if (begin == std::string_view::npos) return {};
    for (Parameter& parameter : decode_parameters(Lexer{value.substr(begin)}))
        if (parameter.name == name) return std::move(parameter.value);
    return {};
}

}  // namespace postrider::mime
