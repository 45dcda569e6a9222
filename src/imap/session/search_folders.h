#pragma once

#include "imap/service.h"
#include "imap/session/client.h"

/// Saved searches that live as folders (mailstore/search_folder.h): what brings them up to date.
namespace postrider::imap {

/// Reads what happened since the folder was last looked at, and tests those messages alone. All are looked at
/// when the search was changed, the change log no longer reaches back, or the age of messages matters and ten
/// minutes have passed. Of the client's own account. Nothing to do for a folder of another kind. Blocks on
/// disk.
mailstore::Result<> refresh_search_folder(const Client& client, const mailstore::FolderInfo& folder);

}  // namespace postrider::imap
