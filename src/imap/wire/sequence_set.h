#pragma once

#include <cstdint>
#include <vector>

#include "imap/wire/cursor.h"

namespace postrider::imap {

/// sequence-set = (seq-number / seq-range) *("," (seq-number / seq-range)) / "$"           RFC 9051 §9
struct SequenceSet {
    /// Both included; 0 stands for "*". A range written backwards is turned round, "*" comes last.
    struct Range {
        std::uint32_t first = 0, last = 0;
        friend bool operator==(Range, Range) = default;
    };
    std::vector<Range> ranges;  ///< in the order given; may overlap
    bool saved = false;         ///< "$": the result of the last SEARCH with SAVE (RFC 5182)
    friend bool operator==(const SequenceSet&, const SequenceSet&) = default;

    /// What the set means when `largest` is the largest number in use ("*"; RFC 9051: with an empty mailbox
    /// the UIDNEXT): ascending, joined, every number at most UINT32_MAX.
    std::vector<Range> resolve(std::uint32_t largest) const;
    std::uint32_t greatest() const;  ///< the greatest number named, 0 when there is none but "*"
    bool has_star() const;
};

SequenceSet sequence_set(Cursor& in);

}  // namespace postrider::imap
