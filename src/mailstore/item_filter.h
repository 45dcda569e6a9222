#pragma once

#include <limits>
#include <optional>

#include "mailstore/types.h"

namespace postrider::mailstore {

/// What items alone can be chosen by; without any limit all fit.
struct ItemFilter {
    std::uint8_t with = 0, without = 0;  ///< system flags that are all set, and none of which is set
    std::int64_t above = -1;             ///< size: larger than that
    std::int64_t below = std::numeric_limits<std::int64_t>::max();
    std::int64_t from = std::numeric_limits<std::int64_t>::min();  ///< internal date: then or later
    std::int64_t before = std::numeric_limits<std::int64_t>::max();

    template <class Item>
    bool fits(std::uint8_t system, const Item& item) const {
        return (system & with) == with && (system & without) == 0 && item.size > above && item.size < below
               && item.internal_date >= from && item.internal_date < before;
    }
};

/// A FolderView that can choose items in one pass over memory may be one of these too.
class FiltersItems {
public:
    virtual ~FiltersItems() = default;
    /// Those of the set that exist and fit; nullopt when the folder's items are not in memory.
    virtual std::optional<UidSet> filtered(const ItemFilter& filter, const UidSet& uids) = 0;
};

}  // namespace postrider::mailstore
