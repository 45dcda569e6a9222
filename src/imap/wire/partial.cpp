#include "imap/wire/partial.h"

#include <algorithm>

#include "imap/wire/tokens.h"

namespace postrider::imap {

PartialRange partial_range(Cursor& in) {
    PartialRange range;
    range.from_end = in.take("-");
    range.first = nz_number(in);
    in.need(":");
    if (range.from_end) in.need("-");
    range.last = nz_number(in);
    if (range.last < range.first) std::swap(range.first, range.last);
    return range;
}

PartialRange::Span PartialRange::of(std::uint32_t count) const {
    if (first > count) return {};
    std::uint32_t upto = std::min(last, count);
    if (from_end) return {count - upto, count - first + 1};
    return {first - 1, upto};
}

}  // namespace postrider::imap
