#pragma once

#include "mailstore/blob_refs.h"
#include "mailstore/records.h"
#include "mailstore/undelete.h"

namespace postrider::mailstore {

/// Adds to the batch the removal of every item of a folder, and counts it off the account; what can be
/// restored is kept. Items whose record is damaged are removed too; what they referred to stays until a
/// repair.
Result<> remove_items(Core& core, AccountId account, FolderId folder, kv::Batch& batch, BlobRefs& refs,
                      AccountRecord& record, UndeleteKeeper& kept, FolderKind kind);

/// Removes every record of an account whose `x` record says that it is deleted, piece by piece; can be taken
/// up again after a stop. Nothing to do without that record.
Result<> finish_deletion(Core& core, AccountId account);

}  // namespace postrider::mailstore
