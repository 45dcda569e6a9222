#pragma once

#include <string>

#include "admin/operation.h"

namespace postrider::admin {

/// A result as people read it: `name = value` lines for single values, then an aligned table for each list of
/// objects.
/// "" when there is nothing to say. Control characters are shown as '?', so that stored text cannot write to
/// a terminal what it likes.
std::string present(const Json& result);

}  // namespace postrider::admin
