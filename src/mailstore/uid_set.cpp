#include "mailstore/uid_set.h"

namespace postrider::mailstore {

UidSet unite(const UidSet& set, const UidSet& more) {
    UidSet all;
    all.reserve(set.size() + more.size());
    std::merge(set.begin(), set.end(), more.begin(), more.end(), std::back_inserter(all),
               [](const UidRun& a, const UidRun& b) { return a.first < b.first; });
    UidSet joined;
    for (const UidRun& run : all) {
        const bool touches =
            !joined.empty()
            && std::uint64_t{run.first.value()} <= std::uint64_t{joined.back().last.value()} + 1;
        if (touches)
            joined.back().last = std::max(joined.back().last, run.last);
        else
            joined.push_back(run);
    }
    return joined;
}

UidSet subtract(const UidSet& set, const UidSet& less) {
    UidSet left;
    std::size_t next = 0;
    for (UidRun run : set) {
        while (next < less.size() && less[next].last < run.first) ++next;
        bool rest = true;
        for (std::size_t i = next; rest && i < less.size() && less[i].first <= run.last; ++i) {
            if (run.first < less[i].first) left.push_back({run.first, Uid{less[i].first.value() - 1}});
            rest = less[i].last < run.last;
            if (rest) run.first = Uid{less[i].last.value() + 1};
        }
        if (rest) left.push_back(run);
    }
    return left;
}

UidSet intersect(const UidSet& one, const UidSet& other) {
    UidSet both;
    for (std::size_t a = 0, b = 0; a < one.size() && b < other.size();) {
        const Uid first = std::max(one[a].first, other[b].first);
        const Uid last = std::min(one[a].last, other[b].last);
        if (first <= last) both.push_back({first, last});
        if (one[a].last < other[b].last)
            ++a;
        else
            ++b;
    }
    return both;
}

}  // namespace postrider::mailstore
