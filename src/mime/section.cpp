#include "mime/section.h"

#include <algorithm>

#include "mime/header.h"
#include "mime/preview.h"
#include "text/ascii.h"

namespace postrider::mime {
namespace {

constexpr std::size_t max_path = 1000;

/// What a path has led to: a message with its own header, or a body part.
struct Place {
    std::size_t part = 0;
    bool is_message = true;
};

std::optional<std::size_t> child(const std::vector<Part>& parts, std::size_t parent, std::uint32_t number) {
    for (std::size_t i = parent + 1; i < parts.size() && parts[i].parent >= parent; ++i)
        if (parts[i].parent == parent && parts[i].number == number) return i;
    return std::nullopt;
}

/// One number of a path. A message that is no multipart has one part, itself, numbered 1.
std::optional<Place> step(const std::vector<Part>& parts, Place from, std::uint32_t number) {
    if (!from.is_message && parts[from.part].kind == Part::message) from = {from.part + 1, true};
    if (from.part >= parts.size()) return std::nullopt;
    if (parts[from.part].kind == Part::multipart) {
        auto found = child(parts, from.part, number);
        if (!found) return std::nullopt;
        return Place{*found, false};
    }
    if (!from.is_message || number != 1) return std::nullopt;
    return Place{from.part, false};
}

std::optional<Place> walk(const std::vector<Part>& parts, const std::vector<std::uint32_t>& path) {
    if (parts.empty() || path.size() > max_path) return std::nullopt;
    Place place;
    for (std::uint32_t number : path) {
        auto next = step(parts, place, number);
        if (!next) return std::nullopt;
        place = *next;
    }
    return place;
}

bool is_listed(std::string_view name, const std::vector<std::string>& names) {
    return std::any_of(names.begin(), names.end(),
                       [&](const std::string& n) { return text::equal_ci(n, name); });
}

}  // namespace

std::optional<Range> find_section(const std::vector<Part>& parts, const Section& section) {
    using What = Section::What;
    auto place = walk(parts, section.path);
    if (!place) return std::nullopt;
    const Part& part = parts[place->part];
    if (section.what == What::all)
        return Range{place->is_message ? part.header_begin : part.body_begin, part.body_end};
    if (section.what == What::mime) {
        if (place->is_message) return std::nullopt;
        return Range{part.header_begin, part.body_begin};
    }
    std::size_t message = place->part;
    if (!place->is_message) {
        if (part.kind != Part::message || place->part + 1 >= parts.size()) return std::nullopt;
        message = place->part + 1;
    }
    const Part& inner = parts[message];
    if (section.what == What::text) return Range{inner.body_begin, inner.body_end};
    return Range{inner.header_begin, inner.body_begin};
}

std::optional<std::size_t> find_part(const std::vector<Part>& parts, const std::vector<std::uint32_t>& path) {
    auto place = walk(parts, path);
    if (!place) return std::nullopt;
    return place->part;
}

std::string filter_header(std::string_view block, const std::vector<std::string>& names, bool keep_named) {
    std::string out;
    HeaderReader reader{block};
    for (Field field; reader.next(field);)
        if (is_listed(field.name, names) == keep_named) out += field.bytes;
    std::string_view empty_line = block.substr(reader.position());
    if (!empty_line.empty())
        out += empty_line.starts_with('\r') ? empty_line.substr(0, 2) : empty_line.substr(0, 1);
    return out;
}

std::optional<std::string_view> read_section(std::string_view message, const std::vector<Part>& parts,
                                             const Section& section, std::string& scratch) {
    auto range = find_section(parts, section);
    if (!range || range->end > message.size() || range->begin > range->end) return std::nullopt;
    std::string_view bytes = message.substr(range->begin, range->size());
    bool filtered =
        section.what == Section::What::header_fields || section.what == Section::What::header_fields_not;
    if (!filtered) return bytes;
    scratch = filter_header(bytes, section.fields, section.what == Section::What::header_fields);
    return scratch;
}

std::expected<std::string, ContentError> read_binary(std::string_view message, const std::vector<Part>& parts,
                                                     const std::vector<std::uint32_t>& path) {
    Section section;
    section.path = path;
    std::string scratch;
    auto bytes = read_section(message, parts, section, scratch);
    if (!bytes) return std::unexpected(ContentError::no_such_part);
    const Part& part = parts[*find_part(parts, path)];
    if (path.empty() || part.kind != Part::leaf) return std::string{*bytes};
    constexpr std::string_view known[] = {"7bit", "8bit", "binary", "base64", "quoted-printable"};
    if (std::find(std::begin(known), std::end(known), part.encoding) == std::end(known))
        return std::unexpected(ContentError::unknown_encoding);
    return decode_content(*bytes, part.encoding, bytes->size());
}

}  // namespace postrider::mime
