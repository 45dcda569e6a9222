#pragma once

#include "admin/lookup.h"

/// Values that accounts inherit, at any of their levels: server, domain, class, account.
namespace postrider::admin {

/// {"values": [{name, value, from_here}...]}: all that hold at the level; `from_here` tells the explicit
/// ones.
Result show_values(Context& context, directory::SettingsLevel level,
                   const settings::AccountSettings& effective);
/// Arguments `name` and `value`.
Result set_value(Context& context, directory::SettingsLevel level, const Arguments& arguments);
/// Argument `name`.
Result reset_value(Context& context, directory::SettingsLevel level, const Arguments& arguments);

/// What holds at server level: the built-in defaults and what is explicit there.
std::expected<settings::AccountSettings, Error> server_values(Context& context);

inline constexpr std::string_view value_help =
    "The value as the configuration file writes it: 30, yes, (imap pop3)";

}  // namespace postrider::admin
