#pragma once

#include <functional>
#include <string_view>

#include "index/fields.h"
#include "mime/description.h"

namespace postrider::index {

/// Calls `visit` with every text of a message and the fields of the index it belongs to: the same texts that
/// a search without the index looks at, piece by piece.
/// @param message  prefix and stored bytes
void each_message_text(std::string_view message, const mime::Description& description,
                       const std::function<void(Fields, std::string_view utf8)>& visit);

}  // namespace postrider::index
