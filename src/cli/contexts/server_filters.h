#pragma once

#include <functional>

#include "cli/shell/shell.h"

/// SERVER/FILTERS: sets that stand in the server's own object, and lists that are no settings.
namespace postrider::cli {

inline constexpr std::string_view server_filters_path = "SERVER/FILTERS";

/// The row of the server's table is shown there, not in SERVER.
bool is_filter_row(std::string_view row);

/// Adds the context of a set's elements and what leads there.
/// @param word    what commands call an element; prompt: what prompts call it
/// @param subject of these commands (settings_commands.h)
using AddSet = std::function<void(Context& context, const settings::Row& set, std::string_view word,
                                  std::string_view prompt, const std::string& subject)>;
/// @return the context; the way there is added to the server's.
Context server_filters(Context& server, settings::Table table, const AddSet& add_set);

}  // namespace postrider::cli
