#pragma once

#include "cli/contexts/branches.h"
#include "directory/folder_quotas.h"

/// Quotas of single folders, of an account or among a domain's public folders.
namespace postrider::cli {

/// Nothing: what holds for each folder holds for it again.
using FolderQuotaEdits = std::map<FolderId, std::optional<directory::FolderQuota>>;

/// A frame whose commands are about folders that may have a quota of their own.
class FolderQuotaHolder {
public:
    virtual ~FolderQuotaHolder() = default;
    virtual Step<std::shared_ptr<mailstore::Account>> folder_owner() = 0;
    virtual directory::FolderQuota each_folder() = 0;
    /// What waits in the frames below.
    virtual const FolderQuotaEdits& edits_below() const = 0;

    FolderQuotaEdits edits;  ///< of this frame
};

/// LIST Mboxes, SET, RESET and SHOW MboxQuota. For contexts whose frames are holders.
void add_folder_quota_commands(Context& context, Need need);

/// CONFIG Quotas of an account: its values, and its folders.
struct FolderQuotasLevel {
    std::function<Step<std::shared_ptr<mailstore::Account>>()> owner;
    FolderQuotaEdits* pending = nullptr;  ///< of the frame below, which writes them
};
std::unique_ptr<Frame> make_account_quotas_frame(Shell& shell, ValuesLevel values, FolderQuotasLevel folders);

/// Writes the edits, less folders that are no longer there, and forgets them.
Step<> write_folder_quotas(Shell& shell, mailstore::Account& owner, FolderQuotaEdits& edits);

/// What holds a delegated administrator to the limits of a domain, as in admin_limits.h.
namespace limits {
Step<> folder_quotas(Shell& shell, DomainId domain, const FolderQuotaEdits& edits);
/// What the public folders would hold, and each of them and those with quotas of their own.
struct PublicQuotas {
    std::uint64_t message_size_kb = 0, message_count = 0, folder_count = 0;
    directory::FolderQuota each_folder;
};
Step<> public_quotas(Shell& shell, DomainId domain, const PublicQuotas& after,
                     const FolderQuotaEdits& folders);
}  // namespace limits

}  // namespace postrider::cli
