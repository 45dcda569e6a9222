#pragma once

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

#include "imap/wire/cursor.h"
#include "imap/wire/sequence_set.h"

namespace postrider::imap {

/// What follows "STORE ". RFC 9051 §6.4.6, RFC 7162 §3.1.3. The flags point into the parsed text.
struct StoreArgs {
    enum class Mode { replace, add, remove };
    SequenceSet set;
    std::optional<std::uint64_t> unchanged_since;
    Mode mode = Mode::replace;
    bool silent = false;
    std::vector<std::string_view> flags;
};

Parsed<StoreArgs> parse_store(std::string_view args);

}  // namespace postrider::imap
