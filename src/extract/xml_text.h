#pragma once

#include <string>
#include <string_view>

namespace postrider::extract {

/// Which character data of an XML document is its text.
enum class XmlKind {
    ooxml,         ///< within elements `t` (ECMA-376 §17.3.3.31 and its likes), a line for each paragraph
    opendocument,  ///< within paragraphs and headings (OpenDocument 1.3 §5.1)
};

/// Appends the text of a document, in UTF-8, until `out` has `limit` octets. What is not well-formed is read
/// up to there. A document type declaration ends it: nothing is ever expanded or fetched.
void append_xml_text(std::string& out, std::string_view xml, XmlKind kind, std::size_t limit);

}  // namespace postrider::extract
