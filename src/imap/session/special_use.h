#pragma once

#include <optional>
#include <string_view>

#include "mailstore/types.h"

namespace postrider::imap {

/// What LIST says of search folders; no RFC has a word for them.
inline constexpr std::string_view search_attribute = "\\Search";

/// RFC 6154 §2: "\Sent"; "" for none.
std::string_view name(mailstore::SpecialUse use);

/// Of those that a client may ask for; \All and \Flagged are views on other folders, which we have not.
std::optional<mailstore::SpecialUse> special_use_named(std::string_view name);

}  // namespace postrider::imap
