#include "mime/binary.h"

#include <algorithm>
#include <vector>

#include "mime/description.h"
#include "mime/header.h"
#include "text/ascii.h"
#include "text/base64.h"

namespace postrider::mime {
namespace {

constexpr std::size_t longest_line = 998;

/// Octets to be replaced; in the order in which they lie in the message.
struct Edit {
    std::size_t begin, end;
    std::string text;
};

/// What the Content-Transfer-Encoding field of a header becomes; the field is there, for it said "binary".
Edit encoding_becomes(std::string_view message, const Part& part, std::string_view encoding) {
    HeaderReader header{message.substr(part.header_begin, part.body_begin - part.header_begin)};
    for (Field field; header.next(field);) {
        if (!text::equal_ci(field.name, "Content-Transfer-Encoding")) continue;
        const auto begin = static_cast<std::size_t>(field.bytes.data() - message.data());
        return {begin, begin + field.bytes.size(),
                std::string{"Content-Transfer-Encoding: "}.append(encoding).append("\r\n")};
    }
    return {part.header_begin, part.header_begin, {}};
}

bool is_composite(const Part& part) {
    return part.kind != Part::leaf || part.type.starts_with("multipart/")
           || part.type.starts_with("message/");  // too deep to be looked into
}

}  // namespace

bool needs_binary(std::string_view octets) {
    if (octets.find('\0') != std::string_view::npos) return true;
    for (std::size_t line = 0; line < octets.size();) {
        const std::size_t end = octets.find_first_of("\r\n", line);
        if (std::min(end, octets.size()) - line > longest_line) return true;
        if (end == std::string_view::npos) return false;
        if (octets.substr(end, 2) != "\r\n") return true;
        line = end + 2;
    }
    return false;
}

std::string encode_binary(std::string_view message) {
    const Description description = describe(message);
    std::vector<Edit> edits;
    bool encoded = false;
    for (const Part& part : description.parts) {
        if (part.encoding != "binary") continue;
        const std::string_view body = message.substr(part.body_begin, part.body_end - part.body_begin);
        if (is_composite(part)) {
            edits.push_back(encoding_becomes(message, part, "8bit"));
        } else if (needs_binary(body)) {
            edits.push_back(encoding_becomes(message, part, "base64"));
            std::string text = text::encode_base64_lines(body);
            // The line end before a boundary is the boundary's.
            if (part.body_end != message.size() && text.ends_with("\r\n")) text.resize(text.size() - 2);
            edits.push_back({part.body_begin, part.body_end, std::move(text)});
            encoded = true;
        }
    }
    if (!encoded) return std::string{message};
    std::string out;
    out.reserve(message.size() + message.size() / 2);
    std::size_t at = 0;
    for (const Edit& edit : edits) {
        out.append(message.substr(at, edit.begin - at)).append(edit.text);
        at = edit.end;
    }
    return out.append(message.substr(at));
}

}  // namespace postrider::mime
