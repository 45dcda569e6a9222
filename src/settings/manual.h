#pragma once

#include <string>

#include "settings/setting.h"

/// The manual's pages about settings, made from the same tables that read the file.
namespace postrider::settings {

/// docs/manual/configuration.md
std::string manual_markdown(Table root);

/// The man page postrider.conf(5), in roff (man macros).
std::string manual_roff(Table root);

}  // namespace postrider::settings
