#pragma once

#include <optional>

#include "mailstore/account_edit.h"

namespace postrider::mailstore {

/// Keeps what one batch expunges from one folder for as long as the account may restore it: the `u` record
/// takes the item's place, its reference to the bytes included.
class UndeleteKeeper {
public:
    /// `change` is the modification sequence under which the batch notes the removal.
    UndeleteKeeper(AccountEdit& edit, const FolderState& folder, ModSeq change);

    /// False when nothing is kept here: then the reference to the bytes is the caller's to give up.
    bool keep(kv::Batch& batch, const Item& item);
    /// After the batch was written: has the oldest given up soon when there are too many.
    void check_limit();

private:
    AccountEdit& edit_;
    const FolderState& folder_;
    const ModSeq change_;
    const QuotaLimits limits_;
    const bool keeps_;
    std::string path_, scratch_;
};

/// What a record of an item (`i`) or of a deleted one (`u`) refers to; nullopt when it is damaged.
std::optional<BlobId> blob_of(std::string_view key, std::string_view value);

}  // namespace postrider::mailstore
