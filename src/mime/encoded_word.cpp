#include "mime/encoded_word.h"

#include "text/ascii.h"
#include "text/base64.h"
#include "text/charset.h"
#include "text/hex.h"
#include "text/utf8.h"

namespace postrider::mime {
namespace {

constexpr std::size_t max_word = 2000;

/// RFC 2047 §4.2: "_" is a space whatever the charset.
void decode_q(std::string_view text, std::string& out) {
    for (std::size_t i = 0; i < text.size(); ++i) {
        int high = text[i] == '=' && i + 2 < text.size() ? text::hex_digit(text[i + 1]) : -1;
        int low = high >= 0 ? text::hex_digit(text[i + 2]) : -1;
        if (low >= 0) {
            out += static_cast<char>(high * 16 + low);
            i += 2;
        } else {
            out += text[i] == '_' ? ' ' : text[i];
        }
    }
}

bool only_blanks(std::string_view text) {
    return text::trim(text).empty();
}

/// Bytes of neighbouring words of one charset, converted together.
class Run {
public:
    explicit Run(std::string& out) : out_{out} {}

    void add(const EncodedWord& word) {
        if (!open_ || !text::equal_ci(word.charset, charset_)) {
            close();
            charset_ = word.charset;
            open_ = true;
        }
        if (word.encoding == 'b')
            text::decode_base64_lenient(word.text, bytes_);
        else
            decode_q(word.text, bytes_);
    }

    void close() {
        if (open_) out_ += text::to_utf8(bytes_, charset_);
        bytes_.clear();
        open_ = false;
    }

    bool open() const { return open_; }

private:
    std::string& out_;
    std::string bytes_;
    std::string_view charset_;
    bool open_ = false;
};

}  // namespace

std::optional<EncodedWord> parse_encoded_word(std::string_view text) {
    if (!text.starts_with("=?")) return std::nullopt;
    text = text.substr(0, max_word);
    std::size_t charset_end = text.find('?', 2);
    if (charset_end == std::string_view::npos || charset_end == 2 || charset_end + 2 >= text.size()
        || text[charset_end + 2] != '?')
        return std::nullopt;
    EncodedWord word;
    word.charset = text.substr(2, charset_end - 2);
    word.encoding = text::lower(text[charset_end + 1]);
    if (word.encoding != 'q' && word.encoding != 'b') return std::nullopt;
    std::size_t begin = charset_end + 3;
    std::size_t end = begin;
    while (true) {
        end = text.find('?', end);
        if (end == std::string_view::npos) return std::nullopt;
        // "?" may stand in Q text of careless senders: only "?=" ends it, and not that of "?==41".
        if (end + 1 < text.size() && text[end + 1] == '=') break;
        // Another word begins: this one never ended. (It also keeps the search for words linear.)
        if (end > begin && text[end - 1] == '=') return std::nullopt;
        ++end;
    }
    word.text = text.substr(begin, end - begin);
    word.size = end + 2;
    for (char c : text.substr(2, end - 2))
        if (c >= 0 && (c < ' ' || c == 127)) return std::nullopt;
    if (word.charset.find(' ') != std::string_view::npos) return std::nullopt;
    word.charset = word.charset.substr(0, word.charset.find('*'));
    return word;
}

std::string decode_encoded_words(std::string_view value) {
    if (value.find("=?") == std::string_view::npos)
        return text::is_ascii(value) ? std::string{value} : text::to_utf8(value, "");
    std::string out;
    Run run{out};
    auto plain = [&](std::string_view piece) {
        if (piece.empty()) return;
        run.close();
        out += text::is_ascii(piece) ? std::string{piece} : text::to_utf8(piece, "");
    };
    std::size_t done = 0;
    std::size_t at = 0;
    while ((at = value.find("=?", at)) != std::string_view::npos) {
        auto word = parse_encoded_word(value.substr(at));
        if (!word) {
            at += 2;
            continue;
        }
        std::string_view between = value.substr(done, at - done);
        if (!run.open() || !only_blanks(between)) plain(between);
        run.add(*word);
        at += word->size;
        done = at;
    }
    plain(value.substr(done));
    run.close();
    return out;
}

std::string encode_words(std::string_view utf8) {
    bool plain = utf8.find("=?") == std::string_view::npos;
    for (char c : utf8) plain = plain && c >= ' ' && c <= '~';
    if (plain) return std::string{utf8};
    constexpr std::size_t octets_a_word = 45;  // "=?UTF-8?B?" + 60 + "?=" = 72
    std::string repaired = text::repair_utf8(utf8);
    std::string_view rest = repaired;
    std::string out;
    while (!rest.empty()) {
        std::string_view piece = text::truncate_utf8(rest, octets_a_word);
        rest.remove_prefix(piece.size());
        if (!out.empty()) out += "\r\n ";
        out += "=?UTF-8?B?" + text::encode_base64(piece) + "?=";
    }
    return out;
}

}  // namespace postrider::mime
