#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mime/description.h"

/// What FETCH BODY[...] and BINARY[...] mean (RFC 9051 §6.4.5, RFC 3501 §6.4.5, RFC 3516).
namespace postrider::mime {

/// A section specification: `1.2.HEADER.FIELDS (Date From)`.
struct Section {
    enum class What { all, header, header_fields, header_fields_not, text, mime };
    std::vector<std::uint32_t> path;  ///< part numbers from 1; empty: the message
    What what = What::all;
    std::vector<std::string> fields;  ///< names for the two HEADER.FIELDS forms, in any case
};

/// Bytes of the message, end exclusive.
struct Range {
    std::uint32_t begin = 0, end = 0;
    std::uint32_t size() const { return end - begin; }
    friend bool operator==(const Range&, const Range&) = default;
};

/// Where a section lies. For the HEADER.FIELDS forms: the header block to be filtered. nullopt when the
/// message has no such part, or MIME is asked of the message, or HEADER or TEXT of a part that is no
/// message/rfc822.
std::optional<Range> find_section(const std::vector<Part>& parts, const Section& section);

/// The part that a path names, for BINARY and BODY[n]; nullopt when there is none. For an empty path the
/// root.
std::optional<std::size_t> find_part(const std::vector<Part>& parts, const std::vector<std::uint32_t>& path);

/// The fields of a header block whose names are (`keep_named`) or are not listed, exactly as they stand,
/// followed by the empty line. A block that has no empty line gets none (RFC 9051 §6.4.5).
std::string filter_header(std::string_view block, const std::vector<std::string>& names, bool keep_named);

/// find_section() and filter_header() at once: the octets of a section. `message` must be the one described.
/// A view into it, or into `scratch` for filtered headers.
std::optional<std::string_view> read_section(std::string_view message, const std::vector<Part>& parts,
                                             const Section& section, std::string& scratch);

enum class ContentError {
    no_such_part,
    unknown_encoding,  ///< RFC 3516 §4.3: NO [UNKNOWN-CTE]
};

/// The content of a part without its transfer encoding (BINARY[path]). A multipart or message part is given
/// as it is.
std::expected<std::string, ContentError> read_binary(std::string_view message, const std::vector<Part>& parts,
                                                     const std::vector<std::uint32_t>& path);

}  // namespace postrider::mime
