#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace postrider::extract {

enum class Format : std::uint8_t { pdf, ooxml, opendocument, tnef };

std::string_view word(Format format);  ///< "pdf", "ooxml", "odf", "tnef"
std::optional<Format> format_of_word(std::string_view word);

/// @param type  "application/pdf", lower case
/// @param file_name  tells when the type does not (application/octet-stream and its like)
std::optional<Format> format_of(std::string_view type, std::string_view file_name);

}  // namespace postrider::extract
