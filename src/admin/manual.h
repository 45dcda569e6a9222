#pragma once

#include <string>

namespace postrider::admin {

/// The manual's chapter on commands, made from the operation table.
std::string manual_markdown();

/// The same for the man page: sections and entries, without its head.
std::string manual_roff();

}  // namespace postrider::admin
