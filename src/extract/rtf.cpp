#include <algorithm>

#include "extract/tnef.h"
#include "mime/preview.h"
#include "text/ascii.h"
#include "text/charset.h"
#include "text/utf8.h"

/// Rich text as mail programs wrap it.
namespace postrider::extract {
namespace {

std::uint32_t little(std::string_view bytes, std::size_t at) {
    std::uint32_t value = 0;
    for (std::size_t i = 4; i-- > 0;) value = value << 8 | static_cast<unsigned char>(bytes[at + i]);
    return value;
}

/// With which the window begins, MS-OXRTFCP §2.1.2.1: what most documents begin with.
constexpr std::string_view dictionary =
    "{\\rtf1\\ansi\\mac\\deff0\\deftab720{\\fonttbl;}{\\f0\\fnil \\froman \\fswiss \\fmodern \\fscript "
    "\\fdecor MS Sans SerifSymbolArialTimes New RomanCourier{\\colortbl\\red0\\green0\\blue0\r\n\\par "
    "\\pard\\plain\\f0\\fs20\\b\\i\\u\\tab\\tx";
constexpr std::size_t window = 4096;

}  // namespace

std::string unpack_rtf(std::string_view packed, std::size_t limit) {
    constexpr std::size_t header = 16;
    constexpr std::uint32_t compressed = 0x75465A4C, uncompressed = 0x414C454D;
    if (packed.size() < header) return {};
    const std::uint32_t kind = little(packed, 8);
    if (kind == uncompressed) return std::string{packed.substr(header, limit)};
    if (kind != compressed) return {};
    std::string ring{dictionary};
    std::size_t at = ring.size();
    ring.resize(window, ' ');
    std::string out;
    auto put = [&](char c) {
        out.push_back(c);
        ring[at] = c;
        at = (at + 1) % window;
    };
    for (std::size_t i = header; i < packed.size();) {
        const auto control = static_cast<unsigned char>(packed[i++]);
        for (unsigned bit = 0; bit < 8 && i < packed.size(); ++bit) {
            if (out.size() >= limit) return out;
            if ((control >> bit & 1) == 0) {
                put(packed[i++]);
                continue;
            }
            if (i + 2 > packed.size()) return out;
            const unsigned word = static_cast<unsigned>(static_cast<unsigned char>(packed[i])) << 8
                                  | static_cast<unsigned char>(packed[i + 1]);
            i += 2;
            std::size_t from = word >> 4;
            if (from == at) return out;  // §3.1.3: the end
            for (unsigned count = (word & 15) + 2; count > 0; --count, from = (from + 1) % window)
                put(ring[from]);
        }
    }
    return out;
}

namespace {

/// One walk through the text. Groups nest; what is no text is left out with its group.
class RtfReader {
public:
    RtfReader(std::string_view rtf, std::size_t limit) : rest_{rtf}, limit_{limit} {}

    std::string run() {
        states_.push_back({});
        while (!rest_.empty() && out_.size() < limit_) {
            const char c = rest_.front();
            rest_.remove_prefix(1);
            switch (c) {
                case '{':
                    if (states_.size() < max_depth)
                        states_.push_back(states_.back());
                    else
                        return finish();
                    break;
                case '}':
                    if (states_.size() > 1) states_.pop_back();
                    break;
                case '\\': control(); break;
                case '\r':
                case '\n': break;
                default: octet(c); break;
            }
        }
        return finish();
    }

private:
    static constexpr std::size_t max_depth = 200;
    struct State {
        bool skip = false;     ///< no text of the document
        bool made = false;     ///< \htmlrtf: made from it, and not part of it
        unsigned after_u = 1;  ///< octets that stand for one \u, for readers that do not know it
    };

    void octet(char c) {
        State& now = states_.back();
        if (skip_ > 0) {
            --skip_;
            return;
        }
        if (now.skip || (html_ && now.made)) return;
        narrow_.push_back(c);
    }
    void flush() {
        if (!narrow_.empty()) out_ += text::to_utf8(narrow_, code_page_);
        narrow_.clear();
    }
    void put(std::string_view utf8) {
        const State& now = states_.back();
        if (now.skip || (html_ && now.made)) return;
        flush();
        out_ += utf8;
    }

    void control() {
        if (rest_.empty()) return;
        const char c = rest_.front();
        if (!text::is_alpha(c)) {
            rest_.remove_prefix(1);
            if (c == '\'') return hexadecimal();
            if (c == '*') {
                states_.back().skip = true;  // unless the word behind it is known
                starred_ = true;
            } else if (c == '~') {
                put("\xC2\xA0");
            } else if (c == '\\' || c == '{' || c == '}') {
                octet(c);
            } else if (c == '\r' || c == '\n') {
                put("\n");
            }
            return;
        }
        std::size_t end = 0;
        while (end < rest_.size() && text::is_alpha(rest_[end])) ++end;
        const std::string_view word = rest_.substr(0, end);
        rest_.remove_prefix(end);
        bool has_number = false, minus = false;
        long number = 0;
        if (!rest_.empty() && rest_.front() == '-') {
            minus = true;
            rest_.remove_prefix(1);
        }
        while (!rest_.empty() && text::is_digit(rest_.front())) {
            if (number < 100'000'000) number = number * 10 + (rest_.front() - '0');
            has_number = true;
            rest_.remove_prefix(1);
        }
        if (minus) number = -number;
        if (!rest_.empty() && rest_.front() == ' ') rest_.remove_prefix(1);
        named(word, number, has_number);
        starred_ = false;
    }

    void hexadecimal() {
        if (rest_.size() < 2) return;
        unsigned value = 0;
        for (char c : rest_.substr(0, 2)) {
            const char digit = text::lower(c);
            value = value * 16
                    + static_cast<unsigned>(text::is_digit(digit)          ? digit - '0'
                                            : digit >= 'a' && digit <= 'f' ? digit - 'a' + 10
                                                                           : 0);
        }
        rest_.remove_prefix(2);
        octet(static_cast<char>(value));
    }

    void named(std::string_view word, long number, bool has_number) {
        State& now = states_.back();
        if (word == "fromhtml") {
            html_ = true;
        } else if (word == "htmltag" && starred_) {
            now.skip = !html_;  // HTML that the text was made of (MS-OXRTFEX §2.1.3.1.5)
        } else if (word == "mhtmltag" || word == "fonttbl" || word == "colortbl" || word == "stylesheet"
                   || word == "info" || word == "pict" || word == "object" || word == "header"
                   || word == "footer" || word == "listtable" || word == "listoverridetable") {
            now.skip = true;
        } else if (word == "htmlrtf") {
            now.made = !has_number || number != 0;
        } else if (word == "par" || word == "line" || word == "row" || word == "sect" || word == "page") {
            put("\n");
        } else if (word == "tab" || word == "cell") {
            put("\t");
        } else if (word == "ansicpg" && number > 0 && number < 100'000) {
            flush();
            code_page_ = number == 65001 ? "utf-8" : "windows-" + std::to_string(number);
        } else if (word == "uc" && number >= 0 && number < 16) {
            now.after_u = static_cast<unsigned>(number);
        } else if (word == "u") {
            unicode(number);
            skip_ = now.after_u;
        } else if (word == "bin" && number > 0) {
            rest_.remove_prefix(std::min(rest_.size(), static_cast<std::size_t>(number)));
        } else {
            constexpr std::pair<std::string_view, std::string_view> signs[] = {
                {"lquote", "\u2018"}, {"rquote", "\u2019"}, {"ldblquote", "\u201C"}, {"rdblquote", "\u201D"},
                {"bullet", "\u2022"}, {"endash", "\u2013"}, {"emdash", "\u2014"}};
            for (const auto& [name, sign] : signs)
                if (word == name) put(sign);
        }
    }

    /// UTF-16, in signed numbers of 16 bits.
    void unicode(long number) {
        auto unit = static_cast<std::uint32_t>(number) & 0xFFFF;
        if (unit >= 0xD800 && unit < 0xDC00) {
            high_ = unit;
            return;
        }
        std::uint32_t code = unit;
        if (unit >= 0xDC00 && unit < 0xE000) {
            if (high_ == 0) return;
            code = 0x10000 + ((high_ - 0xD800) << 10) + (unit - 0xDC00);
        }
        high_ = 0;
        std::string utf8;
        text::append_utf8(utf8, code);
        put(utf8);
    }

    std::string finish() {
        flush();
        return html_ ? mime::html_to_text(out_, limit_) : std::string{text::truncate_utf8(out_, limit_)};
    }

    std::string_view rest_;
    std::size_t limit_;
    std::string out_, narrow_, code_page_ = "windows-1252";
    std::vector<State> states_;
    unsigned skip_ = 0;
    std::uint32_t high_ = 0;
    bool html_ = false, starred_ = false;
};

}  // namespace

std::string rtf_text(std::string_view rtf, std::size_t limit) {
    return RtfReader{rtf, limit}.run();
}

}  // namespace postrider::extract
