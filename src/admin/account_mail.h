#pragma once

#include "admin/operation.h"

/// What the mail store knows about an account; operations of the account chapter.
namespace postrider::admin {

Result account_quota(Context& context, const Arguments& arguments, const Progress& progress);
Result account_folders(Context& context, const Arguments& arguments, const Progress& progress);

}  // namespace postrider::admin
