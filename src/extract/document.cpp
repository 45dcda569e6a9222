#include "extract/document.h"

#include <algorithm>

#include "extract/tnef.h"
#include "extract/xml_text.h"
#include "extract/zip.h"
#include "text/utf8.h"

namespace postrider::extract {
namespace {

/// Members that hold what people read (ECMA-376 part 1, annex A; OpenDocument 1.3 part 2 §3).
bool holds_text(Format format, std::string_view name) {
    if (format == Format::opendocument) return name == "content.xml";
    if (!name.ends_with(".xml")) return false;
    if (name == "xl/sharedStrings.xml") return true;
    for (std::string_view begin :
         {"word/document", "word/header", "word/footer", "word/footnotes", "word/endnotes", "word/comments",
          "ppt/slides/slide", "ppt/notesSlides/notesSlide", "xl/worksheets/sheet", "xl/comments"})
        if (name.starts_with(begin)) return true;
    return false;
}

std::string of_tnef(std::string_view bytes, const Limits& limits) {
    const auto container = read_tnef(bytes, limits.text);
    if (!container) return {};
    std::string out = container->body;
    for (const TnefFile& file : container->files) {
        if (out.size() >= limits.text) break;
        if (!out.empty() && out.back() != '\n') out += '\n';
        out.append(file.name) += '\n';
        const auto format = format_of("application/octet-stream", file.name);
        if (!format || *format == Format::pdf || *format == Format::tnef) continue;
        Limits rest = limits;
        rest.text -= std::min(rest.text, out.size());
        out += read_document(file.data, *format, rest);
    }
    return std::string{text::truncate_utf8(out, limits.text)};
}

}  // namespace

std::string read_document(std::string_view bytes, Format format, const Limits& limits) {
    std::string out;
    if (format == Format::pdf) return out;
    if (format == Format::tnef) return of_tnef(bytes, limits);
    std::size_t left = limits.total;
    const auto members = zip_members(bytes);
    for (const ZipMember& member : members) {
        if (out.size() >= limits.text || left == 0) break;
        if (!holds_text(format, member.name)) continue;
        auto xml = read_member(bytes, member, std::min(limits.member, left));
        if (!xml) continue;
        left -= std::min(left, xml->size());
        append_xml_text(out, *xml, format == Format::ooxml ? XmlKind::ooxml : XmlKind::opendocument,
                        limits.text);
        if (!out.empty() && out.back() != '\n') out += '\n';
    }
    return std::string{text::truncate_utf8(out, limits.text)};
}

}  // namespace postrider::extract
