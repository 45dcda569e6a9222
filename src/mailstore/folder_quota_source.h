#pragma once

#include "mailstore/types.h"

namespace postrider::mailstore {

/// A QuotaSource that also knows folders with limits of their own.
class FolderQuotaSource : public QuotaSource {
public:
    /// What limits(account) says, with `folder_bytes` and `folder_messages` of this folder.
    virtual QuotaLimits limits_in(AccountId account, FolderId folder) const = 0;
};

}  // namespace postrider::mailstore
