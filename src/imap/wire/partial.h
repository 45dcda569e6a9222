#pragma once

#include <cstdint>
#include <optional>

#include "imap/wire/cursor.h"

namespace postrider::imap {

/// partial-range: "1:500", or "-1:-100" counted from the end. RFC 9394 §4. Written smaller number first.
struct PartialRange {
    std::uint32_t first = 1, last = 1;  ///< both included, from 1
    bool from_end = false;
    friend bool operator==(PartialRange, PartialRange) = default;

    /// Which of `count` results it means: places from 0, end exclusive; empty when it names none.
    struct Span {
        std::uint32_t begin = 0, end = 0;
    };
    Span of(std::uint32_t count) const;
};

PartialRange partial_range(Cursor& in);

}  // namespace postrider::imap
