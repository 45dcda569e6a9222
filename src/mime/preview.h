#pragma once

#include <string>
#include <string_view>

#include "mime/description.h"

namespace postrider::mime {

constexpr std::size_t max_preview = 256;  ///< octets; RFC 8970 §3.1 asks for at most 200 characters

/// Decodes a leaf's content by its transfer encoding: at most `limit` octets from at most `source_limit`
/// octets.
std::string decode_content(std::string_view body, std::string_view encoding, std::size_t limit);

/// The first words of a text body as one line of UTF-8. Quoted lines ("> ") are passed over where others
/// follow.
std::string preview_of(std::string_view body, std::string_view encoding, std::string_view charset, bool html);

/// What a reader of an HTML page would read: no tags, comments, scripts, styles; common entities resolved.
/// Lenient; only for previews and search, never for display.
std::string html_to_text(std::string_view html, std::size_t limit);

}  // namespace postrider::mime
