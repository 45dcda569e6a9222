#include "index/uid_sets.h"

#include <algorithm>

namespace postrider::index {

using mailstore::UidRun;
using mailstore::UidSet;

UidSet unite(const UidSet& a, const UidSet& b) {
    UidSet all;
    auto x = a.begin(), y = b.begin();
    while (x != a.end() || y != b.end()) {
        const bool from_a = y == b.end() || (x != a.end() && x->first <= y->first);
        const UidRun run = from_a ? *x++ : *y++;
        if (!all.empty() && run.first.value() <= all.back().last.value() + std::uint64_t{1})
            all.back().last = std::max(all.back().last, run.last);
        else
            all.push_back(run);
    }
    return all;
}

UidSet subtract(const UidSet& a, const UidSet& b) {
    UidSet rest;
    auto hole = b.begin();
    for (const UidRun& run : a) {
        std::uint64_t next = run.first.value();
        while (hole != b.end() && hole->last < run.first) ++hole;
        for (auto h = hole; h != b.end() && h->first <= run.last; ++h) {
            if (next < h->first.value())
                rest.push_back({Uid{static_cast<std::uint32_t>(next)}, Uid{h->first.value() - 1}});
            next = std::max(next, h->last.value() + std::uint64_t{1});
        }
        if (next <= run.last.value()) rest.push_back({Uid{static_cast<std::uint32_t>(next)}, run.last});
    }
    return rest;
}

}  // namespace postrider::index
