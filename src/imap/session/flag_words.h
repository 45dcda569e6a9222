#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "imap/session/reply.h"

namespace postrider::imap {

/// Flags of STORE and APPEND as the store takes them.
struct FlagWords {
    std::uint8_t system = 0;
    std::vector<std::string> keywords;
};

/// BAD for system flags that do not exist, NO for keywords that are too long.
std::expected<FlagWords, Reply> flag_words(const std::vector<std::string_view>& flags);

}  // namespace postrider::imap
