#pragma once

#include <string>
#include <vector>

#include "mime/description.h"
#include "mime/part_fields.h"

namespace postrider::mime {

/// Appends BODYSTRUCTURE to `full` and BODY, which lacks its extension data, to `brief` (RFC 9051 §7.5.2).
/// `fields` has an entry for each part.
void append_body_structure(const std::vector<Part>& parts, const std::vector<PartFields>& fields,
                           const std::vector<EnvelopeFields>& envelopes, std::string& full,
                           std::string& brief);

}  // namespace postrider::mime
