#pragma once

#include "admin/operation.h"

/// The footer of a domain's outgoing mail; operations of the domain chapter.
namespace postrider::admin {

Result domain_appender_show(Context& context, const Arguments& arguments, const Progress& progress);
Result domain_appender_set(Context& context, const Arguments& arguments, const Progress& progress);

}  // namespace postrider::admin
