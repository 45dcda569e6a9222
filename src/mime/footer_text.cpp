#include "mime/footer_text.h"

#include "mime/footer.h"
#include "text/ascii.h"
#include "text/utf8.h"

namespace postrider::mime {
namespace {

struct Entity {
    std::string_view name, text;
};
constexpr Entity entities[] = {{"amp", "&"},   {"lt", "<"},   {"gt", ">"},
                               {"quot", "\""}, {"nbsp", " "}, {"#39", "'"}};

/// The next line without its end; `text` moves behind it.
std::string_view take_line(std::string_view& text) {
    auto end = text.find('\n');
    std::string_view line = text.substr(0, end);
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    return line;
}

std::size_t rfind_ci(std::string_view text, std::string_view what) {
    for (auto at = text.rfind('<'); at != std::string_view::npos;
         at = at == 0 ? std::string_view::npos : text.rfind('<', at - 1))
        if (text::starts_with_ci(text.substr(at), what)) return at;
    return std::string_view::npos;
}

}  // namespace

std::string with_crlf(std::string_view text) {
    std::string out;
    out.reserve(text.size() + 64);
    while (!text.empty()) out.append(take_line(text)).append("\r\n");
    return out;
}

std::string html_of(std::string_view text) {
    std::string out = "<div>";
    while (!text.empty()) {
        for (char c : take_line(text)) {
            switch (c) {
                case '<': out += "&lt;"; break;
                case '>': out += "&gt;"; break;
                case '&': out += "&amp;"; break;
                default: out += c;
            }
        }
        if (!text.empty()) out += "<br>\r\n";
    }
    return out + "</div>";
}

std::string ascii_html(std::string_view html) {
    std::string out;
    out.reserve(html.size());
    while (!html.empty()) {
        if (static_cast<unsigned char>(html.front()) < 0x80) {
            out += html.front();
            html.remove_prefix(1);
            continue;
        }
        char32_t code = text::take_code_point(html);
        out +=
            "&#" + std::to_string(static_cast<std::uint32_t>(code == text::malformed ? 0xfffd : code)) + ";";
    }
    return out;
}

std::string footer_lines(std::string_view text, bool flowed) {
    std::string out;
    while (!text.empty()) {
        std::string_view line = take_line(text);
        if (line != "-- ")  // the signature's separator keeps its blank (RFC 3676 §4.3)
            while (line.ends_with(' ') || line.ends_with('\t')) line.remove_suffix(1);
        if (flowed && (line.starts_with(' ') || line.starts_with('>') || line.starts_with("From ")))
            out += ' ';
        out.append(line).append("\r\n");
    }
    return out;
}

std::size_t end_of_html_body(std::string_view html) {
    auto at = rfind_ci(html, "</body");
    if (at == std::string_view::npos) at = rfind_ci(html, "</html");
    return at == std::string_view::npos ? html.size() : at;
}

bool ends_with_footer(std::string_view text, std::string_view footer) {
    return text::trim(text).ends_with(text::trim(footer));
}

bool has_inline_pgp(std::string_view text) {
    constexpr std::string_view mark = "-----BEGIN PGP ";
    for (auto at = text.find(mark); at != std::string_view::npos; at = text.find(mark, at + 1))
        if (at == 0 || text[at - 1] == '\n') return true;
    return false;
}

std::string plain_text_of(std::string_view html) {
    std::string out;
    auto new_line = [&] {
        while (out.ends_with(' ')) out.pop_back();
        if (!out.empty() && !out.ends_with("\n\n")) out += '\n';
    };
    while (!html.empty()) {
        char c = html.front();
        if (c == '<') {
            auto end = html.find('>');
            std::string_view tag = html.substr(1, end == std::string_view::npos ? end : end - 1);
            html.remove_prefix(end == std::string_view::npos ? html.size() : end + 1);
            for (std::string_view block : {"br", "/p", "/div", "/tr", "/li", "/h", "hr"})
                if (text::starts_with_ci(tag, block)) {
                    new_line();
                    break;
                }
            continue;
        }
        html.remove_prefix(1);
        if (c == '&') {
            auto end = html.substr(0, 8).find(';');
            bool known = false;
            for (const Entity& entity : entities)
                if (end != std::string_view::npos && html.substr(0, end) == entity.name) {
                    out.append(entity.text);
                    html.remove_prefix(end + 1);
                    known = true;
                    break;
                }
            if (!known) out += c;
        } else if (text::is_space(c)) {
            if (!out.empty() && !out.ends_with(' ') && !out.ends_with('\n')) out += ' ';
        } else {
            out += c;
        }
    }
    return std::string{text::trim(out)};
}

}  // namespace postrider::mime
