#pragma once

#include "admin/operation.h"

namespace postrider::admin {

/// How much of what this owner of folders has is indexed: messages, indexed, backlog, files, disk_bytes.
/// @param owner  an account, or who owns a domain's public folders
Result index_status(Context& context, AccountId owner);

}  // namespace postrider::admin
