#include "filter/chain/presets.h"

#include <algorithm>

#include "text/ascii.h"

namespace postrider::filter {
namespace {

const FilterPreset* find(const std::vector<FilterPreset>& presets, std::string_view name) {
    auto at = std::ranges::find_if(presets,
                                   [&](const FilterPreset& one) { return text::equal_ci(one.name, name); });
    return at == presets.end() ? nullptr : &*at;
}

}  // namespace

bool has_own_preset(const std::vector<FilterPreset>& of_domain, std::string_view name) {
    return find(of_domain, name) != nullptr;
}

bool has_preset(const std::vector<FilterPreset>& of_domain, std::string_view name) {
    return has_own_preset(of_domain, name)
           || std::ranges::any_of(built_in_presets,
                                  [&](std::string_view one) { return text::equal_ci(one, name); });
}

std::string_view chosen_preset(const FilterDefinitions& of_account) {
    if (!of_account.switches.empty()) return custom_preset;
    return of_account.preset.empty() ? default_preset : std::string_view{of_account.preset};
}

bool may_switch(const std::vector<FilterPreset>& of_domain, std::string_view filter, bool integrated) {
    if (integrated || filter == spam_filter_name) return true;
    return std::ranges::any_of(of_domain, [&](const FilterPreset& preset) {
        return std::ranges::find(preset.filters, filter, &FilterSwitch::filter) != preset.filters.end();
    });
}

std::shared_ptr<const SwitchedOff> switched_off_by(const FilterDefinitions& of_account,
                                                   const std::vector<FilterPreset>& of_domain) {
    SwitchedOff off;
    const std::string_view preset = of_account.preset.empty() ? default_preset : of_account.preset;
    if (const FilterPreset* own = find(of_domain, preset)) {
        for (const FilterSwitch& one : own->filters)
            if (!one.enabled) off.names.insert(one.filter);
    } else if (text::equal_ci(preset, "off")) {
        off.all_integrated = true;
        off.names.emplace(spam_filter_name);
    } else if (text::equal_ci(preset, "weak")) {
        off.names.emplace(spam_filter_name);
    }
    for (const FilterSwitch& one : of_account.switches) {
        if (one.enabled) {
            off.names.erase(one.filter);
            if (off.all_integrated) off.on.insert(one.filter);
        } else {
            off.names.insert(one.filter);
        }
    }
    if (!off.all_integrated && off.names.empty()) return nullptr;
    return std::make_shared<const SwitchedOff>(std::move(off));
}

bool runs(const SwitchedOff* off, std::string_view filter, bool integrated) {
    if (off == nullptr) return true;
    if (off->names.contains(filter)) return false;
    return !(integrated && off->all_integrated && !off->on.contains(filter));
}

}  // namespace postrider::filter
