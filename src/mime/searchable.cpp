#include "mime/searchable.h"

#include <algorithm>

#include "mime/encoded_word.h"
#include "mime/header.h"
#include "mime/parameters.h"
#include "mime/preview.h"
#include "text/charset.h"

namespace postrider::mime {
namespace {

std::string_view slice(std::string_view message, std::uint32_t begin, std::uint32_t end) {
    if (begin > message.size() || end < begin) return {};
    return message.substr(begin, end - begin);
}

/// The text of a leaf, or the name under which it would be saved.
std::string text_of(std::string_view message, const Part& part, std::size_t limit) {
    std::string_view header = slice(message, part.header_begin, part.body_begin);
    std::string_view type = find_field(header, "Content-Type").value_or("");
    if (!part.type.starts_with("text/")) {
        std::string name = find_parameter(find_field(header, "Content-Disposition").value_or(""), "filename");
        return name.empty() ? find_parameter(type, "name") : name;
    }
    std::string bytes = decode_content(slice(message, part.body_begin, part.body_end), part.encoding, limit);
    std::string charset = find_parameter(type, "charset");
    std::string utf8 = text::to_utf8(bytes, charset.empty() ? "us-ascii" : charset);
    return part.type == "text/html" ? html_to_text(utf8, limit) : utf8;
}

}  // namespace

void each_text(std::string_view message, const std::vector<Part>& parts,
               const std::function<bool(std::string_view utf8)>& visit, const SearchLimits& limits) {
    std::size_t left = limits.max_total;
    for (std::size_t i = 0; i < parts.size() && left > 0; ++i) {
        const Part& part = parts[i];
        bool enclosed = i > 0 && part.number == 0;  // the message within a message/rfc822 part
        if (enclosed) {
            std::string header = searchable_header(slice(message, part.header_begin, part.body_begin), left);
            left -= std::min(left, header.size());
            if (!visit(header)) return;
        }
        if (part.kind != Part::leaf) continue;
        std::string text = text_of(message, part, std::min(left, limits.max_part));
        left -= std::min(left, text.size());
        if (!text.empty() && !visit(text)) return;
    }
}

std::string searchable_header(std::string_view block, std::size_t limit) {
    std::string out;
    std::string scratch;
    HeaderReader reader{block};
    for (Field field; out.size() < limit && reader.next(field);) {
        out += field.name;
        if (!field.name.empty()) out += ": ";
        out += decode_encoded_words(unfold(field.value, scratch));
        out += '\n';
    }
    return out;
}

}  // namespace postrider::mime
