#include "extract/xml_text.h"

#include <expat.h>

#include <algorithm>
#include <memory>

namespace postrider::extract {
namespace {

struct Reading {
    std::string& out;
    XmlKind kind;
    std::size_t limit;
    XML_Parser parser = nullptr;
    std::size_t depth = 0;   // of elements within which there is text
    std::size_t nested = 0;  // of all

    void put(std::string_view text) {
        out.append(text.substr(0, limit - std::min(limit, out.size())));
        if (out.size() >= limit) XML_StopParser(parser, XML_FALSE);
    }
};

std::string_view local_name(const char* name) {
    const std::string_view whole{name};
    const std::size_t colon = whole.rfind(':');
    return colon == std::string_view::npos ? whole : whole.substr(colon + 1);
}

bool is_text(XmlKind kind, std::string_view name) {
    return kind == XmlKind::ooxml ? name == "t" : name == "p" || name == "h";
}

void XMLCALL begin(void* data, const char* name, const char**) {
    constexpr std::size_t most_nested = 500;
    auto& reading = *static_cast<Reading*>(data);
    if (++reading.nested > most_nested) return (void)XML_StopParser(reading.parser, XML_FALSE);
    const std::string_view local = local_name(name);
    if (is_text(reading.kind, local)) ++reading.depth;
    // Elements that stand for a character.
    if (local == "tab" || local == "br" || local == "cr" || local == "s" || local == "line-break")
        reading.put(" ");
}

void XMLCALL finish(void* data, const char* name) {
    auto& reading = *static_cast<Reading*>(data);
    if (reading.nested > 0) --reading.nested;
    const std::string_view local = local_name(name);
    if (is_text(reading.kind, local) && reading.depth > 0) --reading.depth;
    const bool line = local == "p" || local == "h" || local == "si" || local == "is";
    if (line && !reading.out.empty() && reading.out.back() != '\n') reading.put("\n");
}

void XMLCALL characters(void* data, const char* text, int size) {
    auto& reading = *static_cast<Reading*>(data);
    if (reading.depth > 0) reading.put({text, static_cast<std::size_t>(size)});
}

void XMLCALL doctype(void* data, const char*, const char*, const char*, int) {
    XML_StopParser(static_cast<Reading*>(data)->parser, XML_FALSE);
}

}  // namespace

void append_xml_text(std::string& out, std::string_view xml, XmlKind kind, std::size_t limit) {
    const std::unique_ptr<XML_ParserStruct, void (*)(XML_Parser)> parser{XML_ParserCreate(nullptr),
                                                                         XML_ParserFree};
    if (!parser) return;
    Reading reading{out, kind, limit, parser.get()};
    XML_SetUserData(parser.get(), &reading);
    XML_SetElementHandler(parser.get(), begin, finish);
    XML_SetCharacterDataHandler(parser.get(), characters);
    XML_SetStartDoctypeDeclHandler(parser.get(), doctype);
    constexpr std::size_t piece = 1u << 20;
    for (bool more = true; more;) {
        const std::string_view now = xml.substr(0, piece);
        xml.remove_prefix(now.size());
        more = XML_Parse(parser.get(), now.data(), static_cast<int>(now.size()), xml.empty()) == XML_STATUS_OK
               && !xml.empty();
    }
}

}  // namespace postrider::extract
