#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "mime/description.h"

/// A message as SEARCH BODY and TEXT and the full-text index read it (RFC 9051 §6.4.4): transfer encodings
/// and charsets undone, everything UTF-8.
namespace postrider::mime {

struct SearchLimits {
    std::size_t max_part = 2u << 20;   ///< decoded octets looked at of one part
    std::size_t max_total = 8u << 20;  ///< and of all together
};

/// Calls `visit` with each text part (HTML without its tags) and with the decoded headers of enclosed
/// messages and the file names of attachments; stops when it gives false. `message` must be the one
/// described.
void each_text(std::string_view message, const std::vector<Part>& parts,
               const std::function<bool(std::string_view utf8)>& visit, const SearchLimits& limits = {});

/// A header block, unfolded and decoded, a line for each field: what SEARCH TEXT reads in addition.
std::string searchable_header(std::string_view block, std::size_t limit = 1u << 20);

}  // namespace postrider::mime
