#pragma once

#include <string>

#include "mime/part_fields.h"

namespace postrider::mime {

/// Most addresses of one field that ENVELOPE shows.
constexpr unsigned max_envelope_addresses = 10'000;

/// Appends an envelope with its parentheses (RFC 9051 §7.5.2, RFC 3501 §7.4.2).
void append_envelope(std::string& out, const EnvelopeFields& fields);

}  // namespace postrider::mime
