#include "mime/footer.h"

#include <algorithm>
#include <array>
#include <vector>

#include "mime/description.h"
#include "mime/footer_text.h"
#include "mime/header.h"
#include "mime/parameters.h"
#include "text/ascii.h"
#include "text/base64.h"
#include "text/charset.h"
#include "text/quoted_printable.h"
#include "text/utf8.h"

namespace postrider::mime {
namespace {

constexpr std::size_t max_text = 16u << 20;
constexpr std::size_t max_line = 998;  // RFC 5322 §2.1.1

bool untouchable(std::string_view type) {
    static constexpr std::array types{
        "multipart/signed",          "multipart/encrypted",       "multipart/report",
        "application/pkcs7-mime",    "application/x-pkcs7-mime",  "application/pkcs7-signature",
        "application/pgp-encrypted", "application/pgp-signature", "application/x-pkcs7-signature",
    };
    return std::ranges::find(types, type) != types.end();
}

/// Charsets in which octets below 128 may be something else than US-ASCII.
bool ascii_inside(std::string_view charset) {
    for (std::string_view other : {"utf-16", "utf-32", "utf-7", "utf16", "utf32", "utf7", "iso-2022", "hz-gb",
                                   "csiso2022", "ucs-", "iso-10646"})
        if (text::starts_with_ci(charset, other)) return false;
    return true;
}

/// What a leaf says of itself.
struct Leaf {
    std::string_view header, body;
    std::string charset;
    std::string_view encoding;
    bool html = false;
    bool flowed = false;
};

std::string_view value_of(std::string_view header, std::string_view name) {
    return find_field(header, name).value_or(std::string_view{});
}

/// The indices of the leaves that get the footer.
class Search {
public:
    Search(std::string_view message, const std::vector<Part>& parts) : message_{message}, parts_{parts} {}

    std::vector<std::size_t> run() {
        visit(0);
        return std::move(found_);
    }

private:
    std::string_view header(const Part& part) const {
        return message_.substr(part.header_begin, part.body_begin - part.header_begin);
    }
    bool visit(std::size_t index) {
        const Part& part = parts_[index];
        std::string_view disposition = text::trim(value_of(header(part), "Content-Disposition"));
        if (part.kind == Part::leaf) {
            if (part.type != "text/plain" && part.type != "text/html") return false;
            if (text::starts_with_ci(disposition, "attachment")) return false;
            // Of a multipart that breaks off in its header: what were put there would be part of that.
            const Part& above = parts_[part.parent];
            if (index != 0 && part.header_begin == part.body_end && above.body_begin == above.body_end)
                return false;
            found_.push_back(index);
            return true;
        }
        if (part.kind == Part::message) return false;
        const bool all = part.type == "multipart/alternative";
        bool any = false;
        for (std::size_t child = index + 1; child < parts_.size(); ++child) {
            if (parts_[child].parent != index) continue;
            any = visit(child) || any;
            if (any && !all) return true;
            if (part.type == "multipart/related") return any;  // RFC 2387: the root part alone
        }
        return any;
    }

    std::string_view message_;
    const std::vector<Part>& parts_;
    std::vector<std::size_t> found_;
};

Leaf leaf_of(std::string_view message, const Part& part) {
    Leaf leaf;
    leaf.header = message.substr(part.header_begin, part.body_begin - part.header_begin);
    leaf.body = message.substr(part.body_begin, part.body_end - part.body_begin);
    std::string_view type = value_of(leaf.header, "Content-Type");
    leaf.charset = find_parameter(type, "charset");
    leaf.flowed = text::equal_ci(find_parameter(type, "format"), "flowed");
    leaf.encoding = part.encoding;
    leaf.html = part.type == "text/html";
    return leaf;
}

std::optional<std::string> decoded(const Leaf& leaf) {
    if (leaf.encoding == "base64") return text::decode_base64_lenient(leaf.body);
    if (leaf.encoding == "quoted-printable") return text::decode_quoted_printable(leaf.body);
    if (leaf.encoding.empty() || leaf.encoding == "7bit" || leaf.encoding == "8bit"
        || leaf.encoding == "binary")
        return std::string{leaf.body};
    return std::nullopt;
}

bool short_lines(std::string_view text) {
    while (!text.empty()) {
        auto end = text.find('\n');
        if (std::min(end, text.size()) > max_line) return false;
        if (end == std::string_view::npos) break;
        text.remove_prefix(end + 1);
    }
    return true;
}

/// Content-Type with another charset; what else it says stays.
std::string content_type_line(std::string_view old, bool html) {
    std::string line =
        html ? "Content-Type: text/html; charset=utf-8" : "Content-Type: text/plain; charset=utf-8";
    if (auto type = parse_content_type(old)) {
        ParameterReader reader{type->parameters};
        for (std::size_t count = 0; count < max_parameters && reader.next(); ++count) {
            if (text::starts_with_ci(reader.name, "charset")) continue;
            line.append(";\r\n\t").append(reader.name).append("=");
            bool extended = reader.name.ends_with('*');  // RFC 2231 §4 values are never quoted
            if (!extended) line += '"';
            for (char c : reader.value) {
                if (c == '\r' || c == '\n') continue;
                if (!extended && (c == '"' || c == '\\')) line += '\\';
                line += c;
            }
            if (!extended) line += '"';
        }
    }
    return line + "\r\n";
}

/// The header with a field replaced (its first occurrence; others of the name go), or added at the end.
std::string with_field(std::string_view header, std::string_view name, const std::string& line) {
    std::string out;
    out.reserve(header.size() + line.size());
    HeaderReader reader{header};
    bool done = false;
    for (Field field; reader.next(field);) {
        if (!text::equal_ci(field.name, name)) {
            out.append(field.bytes);
            continue;
        }
        if (!done) out += line;
        done = true;
    }
    if (!done) out += line;
    out.append(header.substr(reader.position()));
    return out;
}

struct Changed {
    std::string header, body;
};

std::optional<Changed> change(const Leaf& leaf, const Footer& footer, bool root) {
    if (leaf.body.size() > max_text) return std::nullopt;
    auto content = decoded(leaf);
    if (!content) return std::nullopt;
    const bool identity = leaf.encoding != "base64" && leaf.encoding != "quoted-printable";
    const bool plain_ascii_body = text::is_ascii(*content);
    std::string addition = leaf.html ? footer.html : footer_lines(footer.text, leaf.flowed);
    if (leaf.html) addition = ascii_html(addition);

    bool to_utf8 = !ascii_inside(leaf.charset);
    if (!to_utf8 && !text::is_ascii(addition)) {
        bool is_utf8 = text::equal_ci(leaf.charset, "utf-8") || text::equal_ci(leaf.charset, "utf8");
        to_utf8 = !is_utf8;
    }
    if (to_utf8) {
        if (!leaf.charset.empty() && !text::known_charset(leaf.charset)) return std::nullopt;
        bool empty = leaf.charset.empty() || text::equal_ci(leaf.charset, "us-ascii");
        if (!(empty && plain_ascii_body)) *content = text::to_utf8(*content, leaf.charset);
    }
    if (has_inline_pgp(*content)) return std::nullopt;
    if (leaf.html) {
        std::size_t at = end_of_html_body(*content);
        if (ends_with_footer(std::string_view{*content}.substr(0, at), addition)) return std::nullopt;
        bool begins_line = at == 0 || (*content)[at - 1] == '\n';
        content->insert(at, begins_line ? addition : "\r\n" + addition);
    } else {
        if (ends_with_footer(*content, addition)) return std::nullopt;
        if (!content->empty() && !content->ends_with('\n')) *content += "\r\n";
        content->append("\r\n").append(addition);
    }

    Changed result{std::string{leaf.header}, {}};
    if (to_utf8)
        result.header = with_field(result.header, "Content-Type",
                                   content_type_line(value_of(leaf.header, "Content-Type"), leaf.html));
    if (leaf.encoding == "base64") {
        result.body = text::encode_base64_lines(*content);
    } else if (leaf.encoding == "quoted-printable") {
        result.body = text::encode_quoted_printable(*content);
    } else {
        bool eight_bit = !text::is_ascii(*content);
        bool allowed = leaf.encoding == "8bit" || leaf.encoding == "binary" || !plain_ascii_body;
        if ((eight_bit && !allowed) || !short_lines(addition)) {
            result.header = with_field(result.header, "Content-Transfer-Encoding",
                                       "Content-Transfer-Encoding: quoted-printable\r\n");
            result.body = text::encode_quoted_printable(*content);
        } else {
            result.body = std::move(*content);
        }
    }
    // RFC 2045 §4: what is labelled is MIME.
    if (root && result.header != leaf.header && !find_field(result.header, "MIME-Version"))
        result.header = with_field(result.header, "MIME-Version", "MIME-Version: 1.0\r\n");
    // The blank line before a boundary belongs to the boundary.
    if (!root && !leaf.body.ends_with('\n') && result.body.ends_with("\r\n") && identity)
        result.body.resize(result.body.size() - 2);
    return result;
}

/// No line of the footer may be taken for a delimiter (RFC 2046 §5.1.1).
bool meets_a_boundary(std::string_view message, const std::vector<Part>& parts, const Footer& footer) {
    for (const Part& part : parts) {
        if (part.kind != Part::multipart) continue;
        std::string_view header = message.substr(part.header_begin, part.body_begin - part.header_begin);
        std::string delimiter = "--" + find_parameter(value_of(header, "Content-Type"), "boundary");
        for (const std::string* text : {&footer.text, &footer.html})
            if (text->starts_with(delimiter) || text->find("\n" + delimiter) != std::string::npos)
                return true;
    }
    return false;
}

}  // namespace

std::optional<std::string> append_footer(std::string_view message, const Footer& given) {
    Footer footer = given;
    if (footer.text.empty()) footer.text = plain_text_of(footer.html);
    if (footer.html.empty()) footer.html = html_of(footer.text);
    footer.text = with_crlf(text::trim(footer.text));
    footer.html = with_crlf(text::trim(footer.html));
    if (footer.text.empty() && footer.html.empty()) return std::nullopt;

    Description description = describe(message);
    const std::vector<Part>& parts = description.parts;
    if (parts.empty() || parts[0].body_begin >= message.size()) return std::nullopt;
    if (std::ranges::any_of(parts, [](const Part& part) { return untouchable(part.type); }))
        return std::nullopt;
    std::string_view header = message.substr(0, parts[0].body_begin);
    if (find_field(header, "DKIM-Signature") || meets_a_boundary(message, parts, footer)) return std::nullopt;

    std::vector<std::pair<std::size_t, Changed>> changes;
    for (std::size_t index : Search{message, parts}.run()) {
        Leaf leaf = leaf_of(message, parts[index]);
        auto decoded_body = decoded(leaf);
        if (decoded_body && has_inline_pgp(*decoded_body)) return std::nullopt;
        if (auto changed = change(leaf, footer, index == 0)) changes.emplace_back(index, std::move(*changed));
    }
    if (changes.empty()) return std::nullopt;
    std::string out;
    out.reserve(message.size() + 2 * (footer.text.size() + footer.html.size()) + 1024);
    std::size_t at = 0;
    for (const auto& [index, changed] : changes) {
        const Part& part = parts[index];
        out.append(message.substr(at, part.header_begin - at));
        // A boundary with which the message breaks off has no line end.
        if (!changed.header.empty() && !out.empty() && !out.ends_with('\n')) out.append("\r\n");
        out.append(changed.header).append(changed.body);
        at = part.body_end;
        // The boundary of an empty part follows its header: now it needs a line of its own.
        const std::string_view rest = message.substr(at);
        if (rest.starts_with("--") && !out.ends_with('\n')) out.append("\r\n");
    }
    out.append(message.substr(at));
    return out;
}

}  // namespace postrider::mime
