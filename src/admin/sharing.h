#pragma once

#include "admin/lookup.h"
#include "rights/sharing.h"

namespace postrider::admin {

/// Addresses whose mail goes into that public folder, or into one below it, go where it went. What fails
/// leaves an address pointing to where nothing is, which its next message makes anew.
void follow(Context& context, const directory::Domain& domain, std::string_view from, std::string_view to);

}  // namespace postrider::admin
