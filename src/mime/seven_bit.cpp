#include "mime/seven_bit.h"

#include <cstdint>
#include <cstring>
#include <optional>

#include "mime/header.h"
#include "mime/parameters.h"
#include "mime/part_fields.h"
#include "text/ascii.h"
#include "text/base64.h"
#include "text/quoted_printable.h"

namespace postrider::mime {
namespace {

constexpr int max_depth = 100;

bool fits(std::string_view octets) {
    return !has_eight_bit(octets) && !is_binary(octets);
}

/// What a part's header says about its body.
struct Label {
    std::string type = "text", subtype = "plain";
    std::string boundary;
    std::string encoding = "7bit";
    bool has_type = false;
};

Label read_label(std::string_view header) {
    Label label;
    if (const auto value = find_field(header, "Content-Type")) {
        if (const auto type = parse_content_type(*value)) {
            label.type = text::to_lower(type->type);
            label.subtype = text::to_lower(type->subtype);
            label.has_type = true;
            if (label.type == "multipart") label.boundary = find_parameter(*value, "boundary");
        }
    }
    if (const auto value = find_field(header, "Content-Transfer-Encoding"))
        label.encoding = text::to_lower(encoding_token(*value));
    return label;
}

class Converter {
public:
    std::optional<SevenBitProblem> problem;

    /// One entity: header, empty line, body. `top`: the whole message.
    void entity(std::string_view bytes, int depth, bool top) {
        if (problem) return;
        if (depth > max_depth) {
            problem = SevenBitProblem::too_deep;
            return;
        }
        const std::size_t size = header_size(bytes);
        const std::string_view header = bytes.substr(0, size), body = bytes.substr(size);
        const Label label = read_label(header);
        if (fits(body)) {
            relabel(header, label.encoding == "8bit" || label.encoding == "binary" ? "7bit" : "");
            out.append(body);
            return;
        }
        if (label.type == "multipart" && !label.boundary.empty()) {
            if (label.subtype == "signed") {
                problem = SevenBitProblem::signed_part;
                return;
            }
            relabel(header, "7bit");
            parts(body, label.boundary, depth);
            return;
        }
        if (label.type == "message" && (label.subtype == "partial" || label.subtype == "external-body")) {
            problem = SevenBitProblem::no_encoding;
            return;
        }
        if (label.type == "message" && label.subtype == "rfc822") {
            relabel(header, "7bit");
            entity(body, depth + 1, true);
            return;
        }
        leaf(header, body, label, top);
    }

    std::string out;

private:
    /// The header with another Content-Transfer-Encoding; "" leaves it alone.
    void relabel(std::string_view header, std::string_view encoding, std::string_view more = {}) {
        if (encoding.empty()) {
            out.append(header);
            return;
        }
        HeaderReader fields{header};
        for (Field field; fields.next(field);)
            if (!text::equal_ci(field.name, "Content-Transfer-Encoding")) out.append(field.bytes);
        const std::size_t end = fields.position();
        out.append(more);
        out.append("Content-Transfer-Encoding: ").append(encoding).append("\r\n");
        out.append(end < header.size() ? header.substr(end) : std::string_view{"\r\n"});
    }

    void leaf(std::string_view header, std::string_view body, const Label& label, bool top) {
        std::string more;
        if (top && !find_field(header, "MIME-Version")) more.append("MIME-Version: 1.0\r\n");
        if (top && !label.has_type && !find_field(header, "Content-Type"))
            more.append("Content-Type: text/plain; charset=unknown-8bit\r\n");
        // An encoded body with octets that no encoding makes: what it stands for is encoded again.
        std::string decoded;
        if (label.encoding == "base64") {
            text::decode_base64_lenient(body, decoded);
            body = decoded;
        } else if (label.encoding == "quoted-printable") {
            text::decode_quoted_printable(body, decoded);
            body = decoded;
        }
        const bool text = label.type == "text" && label.encoding != "base64";
        relabel(header, text ? "quoted-printable" : "base64", more);
        std::string encoded = text ? text::encode_quoted_printable(body) : text::encode_base64_lines(body);
        out.append(encoded);
        // A part's last line end belongs to the boundary behind it, a message's to itself.
        if (top && !out.ends_with("\r\n")) out.append("\r\n");
    }

    void outside(std::string_view text) {
        for (const char c : text) {
            const auto octet = static_cast<unsigned char>(c);
            out.push_back(octet > 127 || octet == 0 ? '?' : c);
        }
    }

    /// Preamble, delimiters, parts, epilogue (RFC 2046 §5.1.1).
    void parts(std::string_view body, const std::string& boundary, int depth) {
        const std::string delimiter = "--" + boundary;
        std::size_t part = std::string_view::npos;  // where the open part begins
        std::size_t begin = 0, done = 0;
        while (begin < body.size() && !problem) {
            const std::size_t lf = body.find('\n', begin);
            const std::size_t end = lf == std::string_view::npos ? body.size() : lf + 1;
            std::string_view line = text::trim(body.substr(begin, end - begin));
            const bool dashes = body.substr(begin, 2) == "--";
            if (dashes && (line == delimiter || line == delimiter + "--")) {
                std::size_t stop = begin;  // the line end before a delimiter is part of it
                if (stop > done && body[stop - 1] == '\n') --stop;
                if (stop > done && stop < begin && body[stop - 1] == '\r') --stop;
                if (part == std::string_view::npos) {
                    outside(body.substr(done, begin - done));
                } else {
                    const std::string_view inner = body.substr(part, std::max(stop, part) - part);
                    entity(inner, depth + 1, false);
                    // Some encodings end their last line themselves.
                    if (inner.ends_with('\n') || !out.ends_with('\n')) out.append("\r\n");
                }
                out.append(line).append("\r\n");
                done = end;
                part = end;
                if (line.size() > delimiter.size()) {
                    outside(body.substr(end));
                    return;
                }
            }
            begin = end;
        }
        if (problem) return;
        if (part == std::string_view::npos)
            outside(body.substr(done));
        else
            entity(body.substr(part), depth + 1, false);  // never closed
    }
};

}  // namespace

bool has_eight_bit(std::string_view octets) {
    constexpr std::uint64_t high = 0x8080808080808080U;
    const char* at = octets.data();
    std::size_t rest = octets.size();
    while (rest >= 64) {  // eight at a time, so that the compiler makes vectors of it
        std::uint64_t words[8];
        std::memcpy(words, at, 64);
        std::uint64_t all = 0;
        for (const std::uint64_t word : words) all |= word;
        if (all & high) return true;
        at += 64;
        rest -= 64;
    }
    for (; rest > 0; --rest)
        if (static_cast<unsigned char>(*at++) > 127) return true;
    return false;
}

bool is_binary(std::string_view octets) {
    if (octets.find('\0') != std::string_view::npos) return true;
    std::size_t at = 0;
    while (true) {
        const std::size_t lf = octets.find('\n', at);
        const std::string_view line = octets.substr(at, lf == std::string_view::npos ? lf : lf - at);
        const std::size_t cr = line.find('\r');
        if (lf == std::string_view::npos) return cr != std::string_view::npos;
        if (cr == std::string_view::npos || cr + 1 != line.size()) return true;
        at = lf + 1;
    }
}

std::expected<std::string, SevenBitProblem> to_seven_bit(std::string_view message) {
    Converter converter;
    converter.out.reserve(message.size() + message.size() / 4 + 256);
    converter.entity(message, 0, true);
    if (converter.problem) return std::unexpected(*converter.problem);
    return std::move(converter.out);
}

}  // namespace postrider::mime
