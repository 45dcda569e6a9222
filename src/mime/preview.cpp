#include "mime/preview.h"

#include <algorithm>
#include <array>

#include "text/ascii.h"
#include "text/base64.h"
#include "text/charset.h"
#include "text/hex.h"
#include "text/quoted_printable.h"
#include "text/utf8.h"

namespace postrider::mime {
namespace {

constexpr std::size_t decoded_text = 1500;   // enough octets of plain text for a preview
constexpr std::size_t decoded_html = 16384;  // style sheets come first

/// "&name;" or "&#number;" at the front of `text`, which moves behind it; else "&" itself.
void take_entity(std::string_view& text, std::string& out) {
    struct Row {
        std::string_view name;
        std::string_view utf8;
    };
    constexpr Row rows[] = {
        {"amp", "&"},         {"lt", "<"},          {"gt", ">"},          {"quot", "\""},
        {"apos", "'"},        {"nbsp", " "},        {"auml", "\u00e4"},   {"ouml", "\u00f6"},
        {"uuml", "\u00fc"},   {"Auml", "\u00c4"},   {"Ouml", "\u00d6"},   {"Uuml", "\u00dc"},
        {"szlig", "\u00df"},  {"eacute", "\u00e9"}, {"egrave", "\u00e8"}, {"agrave", "\u00e0"},
        {"ccedil", "\u00e7"}, {"ndash", "\u2013"},  {"mdash", "\u2014"},  {"lsquo", "\u2018"},
        {"rsquo", "\u2019"},  {"ldquo", "\u201c"},  {"rdquo", "\u201d"},  {"hellip", "\u2026"},
        {"euro", "\u20ac"},   {"copy", "\u00a9"},   {"reg", "\u00ae"},    {"zwnj", ""},
        {"shy", ""},          {"trade", "\u2122"},  {"bull", "\u2022"},   {"middot", "\u00b7"}};
    std::size_t end = text.substr(0, 12).find(';');
    std::string_view name = end == std::string_view::npos ? std::string_view{} : text.substr(1, end - 1);
    if (name.starts_with('#') && name.size() > 1) {
        name.remove_prefix(1);
        bool hex = text::lower(name[0]) == 'x';
        if (hex) name.remove_prefix(1);
        char32_t value = 0;
        bool good = !name.empty() && name.size() <= 7;
        for (char c : name) {
            int digit = text::hex_digit(c);
            good = good && digit >= 0 && (hex || digit < 10);
            value = value * (hex ? 16 : 10) + static_cast<char32_t>(std::max(digit, 0));
        }
        good = good && value >= 32 && value < 0x110000 && (value < 0xd800 || value > 0xdfff);
        if (good) {
            text::append_utf8(out, value == 0xa0 ? U' ' : value);
            text.remove_prefix(end + 1);
            return;
        }
    }
    for (const Row& row : rows) {
        if (row.name != name) continue;
        out += row.utf8;
        text.remove_prefix(end + 1);
        return;
    }
    out += '&';
    text.remove_prefix(1);
}

/// Elements whose content is not read out.
bool hidden_element(std::string_view name) {
    return text::equal_ci(name, "style") || text::equal_ci(name, "script") || text::equal_ci(name, "head")
           || text::equal_ci(name, "title") || text::equal_ci(name, "template");
}

bool inline_element(std::string_view name) {
    constexpr std::string_view names[] = {"a",    "b",     "i",      "u",    "em",  "strong", "span",
                                          "font", "small", "big",    "sub",  "sup", "abbr",   "code",
                                          "tt",   "s",     "strike", "mark", "wbr"};
    return std::any_of(std::begin(names), std::end(names), [&](auto n) { return text::equal_ci(n, name); });
}

/// Behind "</name", found without regard to case; the end when there is none.
std::size_t find_end_tag(std::string_view html, std::size_t from, std::string_view name) {
    for (std::size_t at = html.find("</", from); at != std::string_view::npos; at = html.find("</", at + 2))
        if (text::starts_with_ci(html.substr(at + 2), name)) return at;
    return html.size();
}

/// Blanks made single and lines joined. Quoted lines are left out while there are others.
std::string first_words(std::string_view utf8, bool skip_quotes) {
    std::string out;
    while (!utf8.empty() && out.size() < max_preview) {
        std::size_t lf = utf8.find('\n');
        std::string_view line = text::trim(utf8.substr(0, lf));
        utf8.remove_prefix(lf == std::string_view::npos ? utf8.size() : lf + 1);
        if (line.empty() || (skip_quotes && line.starts_with('>'))) continue;
        if (!out.empty()) out += ' ';
        for (char c : line) {
            if (out.size() >= max_preview + 4) break;
            bool control = (c >= 0 && c < ' ') || c == 127;
            if (control) c = ' ';
            if (c != ' ' || !out.ends_with(' ')) out += c;
        }
    }
    out.resize(text::truncate_utf8(out, max_preview).size());
    while (out.ends_with(' ')) out.pop_back();
    return out;
}

}  // namespace

std::string decode_content(std::string_view body, std::string_view encoding, std::size_t limit) {
    std::string out;
    if (text::equal_ci(encoding, "base64"))
        text::decode_base64_lenient(body, out, limit);
    else if (text::equal_ci(encoding, "quoted-printable"))
        text::decode_quoted_printable(body, out, limit);
    else
        out = body.substr(0, limit);
    return out;
}

std::string html_to_text(std::string_view html, std::size_t limit) {
    std::string out;
    while (!html.empty() && out.size() < limit) {
        char c = html.front();
        if (c == '&') {
            take_entity(html, out);
            continue;
        }
        bool tag = c == '<' && html.size() > 1
                   && (text::is_alpha(html[1]) || html[1] == '/' || html[1] == '!' || html[1] == '?');
        if (!tag) {
            std::size_t run = std::min(html.find_first_of("<&", 1), html.size());
            out += html.substr(0, run);
            html.remove_prefix(run);
            continue;
        }
        if (html.starts_with("<!--")) {
            std::size_t end = html.find("-->", 4);
            html.remove_prefix(end == std::string_view::npos ? html.size() : end + 3);
            continue;
        }
        std::size_t end = std::min(html.find('>'), html.size() - 1);
        bool closing = html[1] == '/';
        std::string_view name = html.substr(closing ? 2 : 1, end - (closing ? 2 : 1));
        name = name.substr(0, std::min(name.find_first_of(" \t\r\n/>"), name.size()));
        if (!closing && hidden_element(name)) end = find_end_tag(html, end, name) - 1;
        if (!inline_element(name) && !out.empty() && !out.ends_with('\n')) out += '\n';
        html.remove_prefix(std::min(end + 1, html.size()));
    }
    if (out.size() > limit) out.resize(text::truncate_utf8(out, limit).size());
    return out;
}

std::string preview_of(std::string_view body, std::string_view encoding, std::string_view charset,
                       bool html) {
    std::string bytes = decode_content(body, encoding, html ? decoded_html : decoded_text);
    std::string utf8 = text::to_utf8(bytes, charset);
    if (html) utf8 = html_to_text(utf8, decoded_text);
    std::string words = first_words(utf8, true);
    return words.empty() ? first_words(utf8, false) : words;
}

}  // namespace postrider::mime
