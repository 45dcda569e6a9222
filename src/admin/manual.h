#pragma once

#include <string>

namespace postrider::admin {

/// The chapter of the manual on commands, made from the operation table.
std::string manual_markdown();

}  // namespace postrider::admin
