#include <fmt/core.h>

#include <algorithm>

#include "cli/contexts/filters.h"
#include "cli/wire/layout.h"
#include "cli/wire/wildcard.h"
#include "filter/chain/presets.h"

/// Presets: sets of switches that accounts of a domain choose from.
namespace postrider::cli {
namespace {

using filter::FilterDefinitions;
using filter::FilterPreset;
using filter::FilterSwitch;

using P = FilterPreset;
constexpr settings::Setting<P> preset_rows[] = {
    {.name = "name", .field = settings::field<&P::name>, .range = {1, 64}, .help = "Its name."},
};
settings::TableOf<P> preset_table() {
    return {preset_rows, "preset", "A set of switches."};
}
using F = FilterSwitch;
constexpr settings::Setting<F> switch_rows[] = {
    {.name = "name",
     .field = settings::field<&F::filter>,
     .range = {1, 64},
     .help = "Name of the filter; spamFilter is the server's own."},
    {.name = "enabled", .field = settings::field<&F::enabled>, .help = "Whether it looks at the mail."},
};
settings::TableOf<F> switch_table() {
    return {switch_rows, "filter", "A filter, on or off."};
}

std::vector<FilterPreset>::iterator find(FilterDefinitions& all, std::string_view name) {
    return std::ranges::find_if(all.presets,
                                [&](const FilterPreset& one) { return settings::same_name(one.name, name); });
}

/// Its COMMIT hands the preset to the context of the filters, whose COMMIT writes it with all else.
class PresetFrame final : public Frame {
public:
    PresetFrame(Shell& shell, const Context& context, FiltersFrame& filters, std::string before,
                FilterPreset form)
        : Frame{shell, context},
          filters_{filters},
          before_{std::move(before)},
          start_{form},
          form_{std::move(form)} {}

    std::string title() const override { return "the preset " + form_.name; }
    void* values() override { return &form_; }
    Step<std::string> commit() override {
        if (settings::same_name(form_.name, filter::custom_preset))
            return std::unexpected("custom is what an account has that has switched filters by itself");
        auto done = filters_.edit([before = before_, form = form_](FilterDefinitions& all) -> Step<> {
            auto at = before.empty() ? all.presets.end() : find(all, before);
            if (auto other = find(all, form.name); other != all.presets.end() && other != at)
                return std::unexpected(fmt::format("there is a preset {} already", form.name));
            if (at != all.presets.end())
                *at = form;
            else if (before.empty())
                all.presets.push_back(form);
            else
                return std::unexpected(fmt::format("there is no preset {} any longer", before));
            return {};
        });
        if (!done) return std::unexpected(done.error());
        return std::string{};
    }
    Step<> reload() override {
        form_ = start_;
        return {};
    }
    FilterPreset& form() { return form_; }

private:
    FiltersFrame& filters_;
    std::string before_;
    FilterPreset start_, form_;
};

class SwitchFrame final : public Frame {
public:
    SwitchFrame(Shell& shell, const Context& context, PresetFrame& preset, std::string before,
                FilterSwitch form)
        : Frame{shell, context}, preset_{preset}, before_{std::move(before)}, form_{std::move(form)} {}
    std::string title() const override { return "the filter " + form_.filter; }
    void* values() override { return &form_; }
    Step<std::string> commit() override {
        auto& all = preset_.form().filters;
        auto at = std::ranges::find(all, before_, &FilterSwitch::filter);
        auto other = std::ranges::find(all, form_.filter, &FilterSwitch::filter);
        if (other != all.end() && other != at)
            return std::unexpected(fmt::format("{} is in the preset already", form_.filter));
        if (before_.empty() || at == all.end())
            all.push_back(form_);
        else
            *at = form_;
        return std::string{};
    }

private:
    PresetFrame& preset_;
    std::string before_;
    FilterSwitch form_;
};

FiltersFrame& filters_of(Call& call) {
    return static_cast<FiltersFrame&>(call.frame);
}
PresetFrame& preset_of(Call& call) {
    return static_cast<PresetFrame&>(call.frame);
}

Reply list_presets(Call& call) {
    auto all = filters_of(call).definitions();
    if (!all) return error(all.error());
    const std::string wildcard = call.given.maybe("wildcard").value_or("*");
    std::vector<Row> rows;
    for (const FilterPreset& one : all->presets)
        if (matches_wildcard(wildcard, one.name))
            rows.push_back({one.name, std::to_string(one.filters.size()), "no"});
    for (std::string_view name : filter::built_in_presets)
        if (!filter::has_own_preset(all->presets, name) && matches_wildcard(wildcard, name))
            rows.push_back({std::string{name}, "0", "yes"});
    return ok(table("Presets", {"name", "filters", "built in"}, rows));
}

Reply open_preset(Call& call) {
    const bool add = call.subject == "add";
    const std::string& name = call.given.text("name");
    auto all = filters_of(call).definitions();
    if (!all) return error(all.error());
    auto at = find(*all, name);
    if (add && at != all->presets.end()) return error(fmt::format("there is a preset {} already", name));
    if (!add && at == all->presets.end())
        return error(fmt::format("the domain has no preset {} of its own", name));
    FilterPreset form;
    form.name = name;
    if (!add) form = *at;
    call.shell.enter(
        std::make_unique<PresetFrame>(call.shell, call.shell.tree().at(call.frame.context().path + "/Preset"),
                                      filters_of(call), add ? std::string{} : name, std::move(form)));
    return ok();
}

Reply remove_preset(Call& call) {
    const std::string name = call.given.text("name");
    auto done = filters_of(call).edit([name](FilterDefinitions& all) -> Step<> {
        auto at = find(all, name);
        if (at == all.presets.end())
            return std::unexpected(fmt::format("the domain has no preset {} of its own", name));
        all.presets.erase(at);
        return {};
    });
    return done ? ok() : error(done.error());
}

Reply remove_presets(Call& call) {
    auto done = filters_of(call).edit([](FilterDefinitions& all) -> Step<> {
        all.presets.clear();
        return {};
    });
    return done ? ok() : error(done.error());
}

Reply show_preset(Call& call) {
    const std::string& name = call.given.text("name");
    auto all = filters_of(call).definitions();
    if (!all) return error(all.error());
    auto at = find(*all, name);
    if (at == all->presets.end()) return error(fmt::format("the domain has no preset {} of its own", name));
    NamedValues values{{"name", quoted_text(at->name)}};
    for (const FilterSwitch& one : at->filters) values.emplace_back(one.filter, one.enabled ? "yes" : "no");
    return ok(attributes("Preset " + at->name, values, Shown::child));
}

Reply list_switches(Call& call) {
    std::vector<Row> rows;
    for (const FilterSwitch& one : preset_of(call).form().filters)
        rows.push_back({one.filter, one.enabled ? "yes" : "no"});
    return ok(table("Filters", {"name", "enabled"}, rows));
}

Reply open_switch(Call& call) {
    const bool add = call.subject == "add";
    const std::string& name = call.given.text("name");
    auto& all = preset_of(call).form().filters;
    auto at = std::ranges::find(all, name, &FilterSwitch::filter);
    if (add && at != all.end()) return error(fmt::format("{} is in the preset already", name));
    if (!add && at == all.end()) return error(fmt::format("there is no filter {} in the preset", name));
    call.shell.enter(std::make_unique<SwitchFrame>(
        call.shell, call.shell.tree().at(call.frame.context().path + "/Filter"), preset_of(call),
        add ? std::string{} : name, add ? FilterSwitch{name, true} : *at));
    return ok();
}

Reply remove_switch(Call& call) {
    const std::string& name = call.given.text("name");
    if (std::erase_if(preset_of(call).form().filters,
                      [&](const FilterSwitch& one) { return one.filter == name; })
        == 0)
        return error(fmt::format("there is no filter {} in the preset", name));
    return ok();
}

Reply show_switch(Call& call) {
    const std::string& name = call.given.text("name");
    auto& all = preset_of(call).form().filters;
    auto at = std::ranges::find(all, name, &FilterSwitch::filter);
    if (at == all.end()) return error(fmt::format("there is no filter {} in the preset", name));
    return ok(attributes("Filter " + name,
                         {{"name", quoted_text(name)}, {"enabled", at->enabled ? "yes" : "no"}},
                         Shown::child));
}

}  // namespace

std::vector<Command> preset_commands(Need need) {
    return {
        {"LIST Presets [<wildcard>]", "Sets of switches that its accounts choose from", list_presets, need},
        {"ADD Preset [name] <name>", "Make one: goes to its context", open_preset, need, "add"},
        {"UPDATE Preset [name] <name>", "Go to its context", open_preset, need, "update"},
        {"REMOVE Preset [name] <name>", "Remove it", remove_preset, need},
        {"REMOVE Presets", "Remove all that the domain has; those built in stay", remove_presets, need},
        {"SHOW Preset [name] <name>", "What it switches", show_preset, need},
    };
}

void add_preset_contexts(std::vector<Context>& all, const std::string& path, const std::string& prompt,
                         Need need) {
    Context preset;
    preset.path = path + "/Preset";
    preset.prompt = prompt + "-preset";
    preset.exit = Exit::commit;
    preset.help = "A set of switches; what is committed here is written with the domain's filters";
    preset.attributes = preset_table();
    preset.need = need;
    preset.commands = {
        {"LIST Filters", "What it switches", list_switches, need},
        {"ADD Filter [name] <name>", "Make one: goes to its context", open_switch, need, "add"},
        {"UPDATE Filter [name] <name>", "Go to its context", open_switch, need, "update"},
        {"REMOVE Filter [name] <name>", "Remove it", remove_switch, need},
        {"SHOW Filter [name] <name>", "Whether it is on", show_switch, need},
    };
    Context filter;
    filter.path = preset.path + "/Filter";
    filter.prompt = preset.prompt + "-filter";
    filter.exit = Exit::commit;
    filter.help = "A filter, on or off";
    filter.attributes = switch_table();
    filter.need = need;
    all.push_back(std::move(preset));
    all.push_back(std::move(filter));
}

}  // namespace postrider::cli
