#pragma once

#include "admin/operation.h"

/// What an account may send, and the addresses that it has for a while; operations of the account chapter.
namespace postrider::admin {

Result account_temporary_add(Context& context, const Arguments& arguments, const Progress& progress);
Result account_temporary_list(Context& context, const Arguments& arguments, const Progress& progress);
Result account_temporary_remove(Context& context, const Arguments& arguments, const Progress& progress);
Result account_send_quota_show(Context& context, const Arguments& arguments, const Progress& progress);
Result account_send_quota_reset(Context& context, const Arguments& arguments, const Progress& progress);

}  // namespace postrider::admin
