#pragma once

#include <map>
#include <vector>

#include "mailstore/core.h"
#include "mailstore/records.h"

namespace postrider::mailstore {

/// An item whose record is gone or damaged, and whose description is left.
struct LostItem {
    FolderId folder;
    Uid uid;
    mime::Description description;
};
using FoundItems = std::map<std::pair<FolderId, Uid>, Item>;

/// Looks for the bytes of lost items among those that are stored and to which more items should refer than
/// do: a message that reads as the description says is the one. What only the record knew (flags, the copy's
/// own header lines, when it came) is made up: no flags, none, the date of the message or of today. Reads all
/// items of the store.
Result<FoundItems> find_lost_items(Core& core, const std::vector<LostItem>& lost);

}  // namespace postrider::mailstore
