#include "imap/wire/sequence_set.h"

#include <algorithm>

#include "imap/wire/tokens.h"

namespace postrider::imap {
namespace {

std::uint32_t seq_number(Cursor& in) {
    return in.take("*") ? 0 : nz_number(in);
}

}  // namespace

SequenceSet sequence_set(Cursor& in) {
    SequenceSet set;
    if (in.take("$")) {
        set.saved = true;
        return set;
    }
    do {
        std::uint32_t first = seq_number(in);
        std::uint32_t last = in.take(":") ? seq_number(in) : first;
        if (first == 0 || (last != 0 && last < first)) std::swap(first, last);  // "4:2" and "*:2"
        set.ranges.push_back({first, last});
    } while (in.take(","));
    return set;
}

std::vector<SequenceSet::Range> SequenceSet::resolve(std::uint32_t largest) const {
    std::vector<Range> all;
    all.reserve(ranges.size());
    for (Range range : ranges) {
        if (range.first == 0) range.first = largest;
        if (range.last == 0) range.last = largest;
        if (range.last < range.first) std::swap(range.first, range.last);  // 3291:* with 3290 messages
        if (range.last != 0) all.push_back({std::max(range.first, 1u), range.last});
    }
    std::sort(all.begin(), all.end(), [](Range a, Range b) { return a.first < b.first; });
    std::size_t kept = 0;
    for (Range range : all) {
        if (kept > 0 && range.first <= all[kept - 1].last + std::uint64_t{1})
            all[kept - 1].last = std::max(all[kept - 1].last, range.last);
        else
            all[kept++] = range;
    }
    all.resize(kept);
    return all;
}

std::uint32_t SequenceSet::greatest() const {
    std::uint32_t found = 0;
    for (Range range : ranges) found = std::max({found, range.first, range.last});
    return found;
}

bool SequenceSet::has_star() const {
    return std::any_of(ranges.begin(), ranges.end(),
                       [](Range range) { return range.first == 0 || range.last == 0; });
}

}  // namespace postrider::imap
