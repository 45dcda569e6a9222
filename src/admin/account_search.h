#pragma once

#include "admin/operation.h"

/// Saved searches that live as folders; operations of the account chapter.
namespace postrider::admin {

Result account_search_add(Context& context, const Arguments& arguments, const Progress& progress);
Result account_search_list(Context& context, const Arguments& arguments, const Progress& progress);
Result account_search_change(Context& context, const Arguments& arguments, const Progress& progress);
Result account_search_restart(Context& context, const Arguments& arguments, const Progress& progress);
Result account_search_remove(Context& context, const Arguments& arguments, const Progress& progress);

}  // namespace postrider::admin
