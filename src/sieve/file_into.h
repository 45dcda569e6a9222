#pragma once

#include "sieve/action.h"
#include "sieve/args.h"

namespace postrider::sieve {

/// Where a message is to be filed, as fileinto and :fcc say it.
struct FileIntoPlan {
    TextTemplate mailbox;
    std::optional<TextList> flags;
    bool create = false;
    std::optional<TextTemplate> mailbox_id, special_use;

    /// The tags that both have.
    void tags(Args& args);
    FileInto now(Machine& machine) const;
};

/// :fcc "folder" with its tags (RFC 8580 §3); nullopt when there is none.
std::optional<FileIntoPlan> take_file_copy(Args& args);

}  // namespace postrider::sieve
