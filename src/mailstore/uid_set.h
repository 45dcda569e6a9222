#pragma once

#include <algorithm>
#include <cstdint>
#include <iterator>

#include "mailstore/types.h"

namespace postrider::mailstore {

inline constexpr Uid highest_uid{0xffffffff};

/// Adds a UID that is higher than all in the set.
inline void append(UidSet& set, Uid uid) {
    if (!set.empty() && set.back().last.value() + 1 == uid.value() && uid.value() != 0)
        set.back().last = uid;
    else
        set.push_back({uid, uid});
}

/// How many UIDs there are; a run counts all of its numbers.
inline std::uint64_t count(const UidSet& set) {
    std::uint64_t total = 0;
    for (const UidRun& run : set) total += std::uint64_t{run.last.value()} - run.first.value() + 1;
    return total;
}

inline bool contains(const UidSet& set, Uid uid) {
    auto after = std::upper_bound(set.begin(), set.end(), uid,
                                  [](Uid one, const UidRun& run) { return one < run.first; });
    return after != set.begin() && uid <= std::prev(after)->last;
}

/// Of sound sets: ascending, and no run touches the next.
UidSet unite(const UidSet& a, const UidSet& b);
UidSet subtract(const UidSet& a, const UidSet& b);
UidSet intersect(const UidSet& a, const UidSet& b);

inline const UidSet& every_uid() {
    static const UidSet all{{Uid{1}, highest_uid}};
    return all;
}

}  // namespace postrider::mailstore
