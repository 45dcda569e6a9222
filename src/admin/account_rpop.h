#pragma once

#include "admin/operation.h"

/// Mailboxes elsewhere from which mail is fetched; operations of the account chapter.
namespace postrider::admin {

Result account_rpop_add(Context& context, const Arguments& arguments, const Progress& progress);
Result account_rpop_list(Context& context, const Arguments& arguments, const Progress& progress);
Result account_rpop_update(Context& context, const Arguments& arguments, const Progress& progress);
Result account_rpop_remove(Context& context, const Arguments& arguments, const Progress& progress);
Result account_rpop_run(Context& context, const Arguments& arguments, const Progress& progress);

}  // namespace postrider::admin
