#pragma once

#include "admin/operation.h"

namespace postrider::admin {

/// The mail of that account, or by "@example.org" what lies in the domain's public folders.
std::expected<std::shared_ptr<mailstore::Account>, Error> mail_of(Context& context, std::string_view named);

}  // namespace postrider::admin
