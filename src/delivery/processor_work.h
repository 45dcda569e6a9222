#pragma once

#include <memory>

#include "delivery/processor.h"

namespace postrider::delivery {

/// What one look at an entry has found to do.
struct Processor::Work {
    std::vector<mailstore::Target> targets;
    std::vector<std::vector<std::size_t>> owners;  ///< target -> recipients that it serves

    // What filters have said.
    std::shared_ptr<const std::string> payload;  ///< read when the first recipient needs it
    std::optional<Filters> filters;
    std::vector<std::pair<std::size_t, Sorted::Rewritten>> changed;  ///< recipient, its copy
    std::vector<std::pair<std::size_t, std::string>>
        marks;  ///< recipient, key that says that its copy is there
    std::vector<SideMessage> side_messages;
    std::vector<std::pair<AccountId, filter::Memo>> memos;
};

}  // namespace postrider::delivery
