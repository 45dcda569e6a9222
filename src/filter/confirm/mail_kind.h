#pragma once

#include <optional>
#include <string_view>

#include "mime/address.h"

namespace postrider::filter {

/// Why a program must not answer this message (RFC 3834 §2), nothing when it may: it comes from nobody, from
/// a program, from a list, or is sent in bulk.
std::optional<std::string_view> never_answer(const mime::AddrSpec& reverse_path, std::string_view header);

}  // namespace postrider::filter
