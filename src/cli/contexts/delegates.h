#pragma once

#include <string>
#include <vector>

#include "cli/shell/shell.h"
#include "rights/sharing.h"

/// Delegates of an account: who may read or change its calendar or tasks, or see when it is busy. A coarse
/// way to set rights on folders (rights/).
namespace postrider::cli {

struct DelegateEdit {
    std::string delegate;
    std::string resource;     ///< "calendar", "tasks" or "freebusy"
    std::string permissions;  ///< "r", "w" or "rw"; "": none any more
};
using DelegateEdits = std::vector<DelegateEdit>;

struct DelegateRow {
    std::string delegate, resource, permissions;
};
/// What there is now, of everybody who is granted something of these resources.
Step<std::vector<DelegateRow>> delegates_of(rights::Sharing& sharing, const directory::AccountEntry& account);
/// A sentence when an edit cannot be made.
Step<> check_delegate(rights::Sharing& sharing, DomainId domain, const DelegateEdit& edit);
/// Makes the folder when it is not there.
Step<> apply_delegate(rights::Sharing& sharing, const directory::AccountEntry& account,
                      const DelegateEdit& edit);

}  // namespace postrider::cli
