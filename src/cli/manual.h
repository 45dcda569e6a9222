#pragma once

#include <string>

#include "cli/shell/tree.h"

namespace postrider::cli {

/// The chapter of the manual on the contexts of the dialogue.
std::string manual_markdown(const Tree& tree);

}  // namespace postrider::cli
