#pragma once

#include <memory>

#include "filter/chain/definitions.h"
#include "filter/chain/steps.h"

/// Which filters accounts switch on and off, by the sets that their domain names (filters.md §5). There are
/// always
///
///     off      no integrated filter, and not the server's own spam filter
///     weak     integrated filters, but not the server's own spam filter
///     strong   all of them
///
/// unless the domain has presets of its own by these names. What a domain's presets name can be switched one
/// by one too, and so can integrated filters and the spam filter; nothing else, so that nobody gets past what
/// an administrator wants for all.
namespace postrider::filter {

inline constexpr std::string_view built_in_presets[] = {"off", "weak", "strong"};
inline constexpr std::string_view default_preset = "strong";
/// What an account is said to have that has switched something by itself. No preset is called so.
inline constexpr std::string_view custom_preset = "custom";

bool has_own_preset(const std::vector<FilterPreset>& of_domain, std::string_view name);
bool has_preset(const std::vector<FilterPreset>& of_domain, std::string_view name);
/// What an account has chosen: a preset's name, or custom_preset.
std::string_view chosen_preset(const FilterDefinitions& of_account);

/// @param integrated  whether there is an integrated filter of that name above the account
bool may_switch(const std::vector<FilterPreset>& of_domain, std::string_view filter, bool integrated);

/// What follows for mail; nullptr: everything runs.
std::shared_ptr<const SwitchedOff> switched_off_by(const FilterDefinitions& of_account,
                                                   const std::vector<FilterPreset>& of_domain);
/// Whether that filter runs for the account.
bool runs(const SwitchedOff* off, std::string_view filter, bool integrated);

}  // namespace postrider::filter
