#include "filter/chain/definitions.h"

#include <fmt/core.h>

#include <algorithm>
#include <filesystem>

#include "base/codec.h"

namespace postrider::filter {
namespace {

constexpr std::string_view prefix = "Fd";
constexpr std::uint8_t version = 2;  ///< 1 had no presets

std::string key_of(const DefinitionOwner& owner) {
    std::string key{prefix};
    key.push_back(static_cast<char>(owner.kind));
    put_be(key, owner.id);
    return key;
}

void put(std::string& out, const std::vector<FilterSwitch>& all) {
    put_varint(out, all.size());
    for (const FilterSwitch& one : all) {
        put_string(out, one.filter);
        out.push_back(one.enabled ? 1 : 0);
    }
}

std::vector<FilterSwitch> switches(Decoder& in) {
    std::vector<FilterSwitch> all;
    for (auto count = in.varint(); count > 0 && in.ok(); --count) {
        FilterSwitch one;
        one.filter = in.string();
        one.enabled = in.be<std::uint8_t>() != 0;
        all.push_back(std::move(one));
    }
    return all;
}

/// Who administers a domain reads no other files of the server's machine.
bool below_filters(const std::string& file) {
    const std::filesystem::path path{file};
    return !path.empty() && path.is_relative() && *path.begin() == "filters"
           && std::ranges::find(path, std::filesystem::path{".."}) == path.end();
}

bool good_name(const std::string& name) {
    return !name.empty() && name.size() <= 64;
}

}  // namespace

void insert(FilterDefinitions& definitions, ActiveFilter active) {
    auto at = std::ranges::lower_bound(definitions.active, active.priority, {}, &ActiveFilter::priority);
    definitions.active.insert(at, std::move(active));
}

std::string fault(DefinitionOwner::Kind where, const FilterDefinitions& definitions) {
    if (definitions.scripts.size() + definitions.active.size() > max_filters_of_one)
        return fmt::format("There are at most {} filters", max_filters_of_one);
    for (auto one = definitions.scripts.begin(); one != definitions.scripts.end(); ++one) {
        if (!good_name(one->name)) return "A script filter has a name of 1 to 64 octets";
        if (!below_filters(one->file))
            return fmt::format("Script filter {}: the scripts of domains and accounts lie below filters/",
                               one->name);
        if (std::find_if(definitions.scripts.begin(), one, [&](auto& o) { return o.name == one->name; })
            != one)
            return fmt::format("There are two script filters {}", one->name);
    }
    for (std::size_t i = 0; i < definitions.active.size(); ++i) {
        const ActiveFilter& one = definitions.active[i];
        if (!good_name(one.name)) return fmt::format("Active filter {}: it has no filterName", one.priority);
        if (one.priority > 500) return "The priority is 0 to 500";
        if (i != 0 && definitions.active[i - 1].priority == one.priority)
            return fmt::format("Priority {} is taken by {}", one.priority, definitions.active[i - 1].name);
        // filters.md §1
        if (where != DefinitionOwner::Kind::domain && one.type == FilterType::socket)
            return "Scanners run for the server or for domains, not for accounts";
    }
    if (definitions.presets.size() > max_presets)
        return fmt::format("There are at most {} presets", max_presets);
    for (const FilterPreset& one : definitions.presets) {
        if (!good_name(one.name)) return "A preset has a name of 1 to 64 octets";
        if (one.filters.size() > max_filters_of_one)
            return fmt::format("A preset has at most {} filters", max_filters_of_one);
    }
    if (definitions.switches.size() > max_filters_of_one)
        return fmt::format("At most {} filters are switched", max_filters_of_one);
    return {};
}

Definitions::Definitions(kv::Store& store) : store_{store} {
    const std::string begin = key_of({DefinitionOwner::Kind::object, 0});
    const std::string end = key_of({DefinitionOwner::Kind::object, ~std::uint64_t{0}});
    objects_ = store_.scan(begin, end)->valid();
}

std::string encode(const FilterDefinitions& definitions) {
    std::string out;
    out.push_back(static_cast<char>(version));
    put_varint(out, definitions.scripts.size());
    for (const ScriptFilter& script : definitions.scripts) {
        put_string(out, script.name);
        out.push_back(static_cast<char>(script.type));
        put_string(out, script.file);
    }
    put_varint(out, definitions.active.size());
    for (const ActiveFilter& active : definitions.active) {
        put_varint(out, active.priority);
        put_string(out, active.name);
        out.push_back(static_cast<char>(active.type));
        out.push_back(static_cast<char>(active.apply_on.bits()));
    }
    put_varint(out, definitions.presets.size());
    for (const FilterPreset& preset : definitions.presets) {
        put_string(out, preset.name);
        put(out, preset.filters);
    }
    put_string(out, definitions.preset);
    put(out, definitions.switches);
    return out;
}

std::optional<FilterDefinitions> decode_definitions(std::string_view bytes) {
    Decoder in{bytes};
    const auto written = in.be<std::uint8_t>();
    if (written != version && written != 1) return std::nullopt;
    FilterDefinitions out;
    for (auto count = in.varint(); count > 0 && in.ok(); --count) {
        ScriptFilter script;
        script.name = in.string();
        if (in.be<std::uint8_t>() != static_cast<std::uint8_t>(ScriptFilter::Type::sieve))
            return std::nullopt;
        script.file = in.string();
        out.scripts.push_back(std::move(script));
    }
    for (auto count = in.varint(); count > 0 && in.ok(); --count) {
        ActiveFilter active;
        active.priority = static_cast<std::uint32_t>(in.varint());
        active.name = in.string();
        const auto type = in.be<std::uint8_t>(), applies = in.be<std::uint8_t>();
        if (type > static_cast<std::uint8_t>(FilterType::integrated) || applies > 3) return std::nullopt;
        active.type = static_cast<FilterType>(type);
        active.apply_on = settings::Set<Applies>::from_bits(applies);
        out.active.push_back(std::move(active));
    }
    if (written >= 2) {
        for (auto count = in.varint(); count > 0 && in.ok(); --count) {
            FilterPreset preset;
            preset.name = in.string();
            preset.filters = switches(in);
            out.presets.push_back(std::move(preset));
        }
        out.preset = in.string();
        out.switches = switches(in);
    }
    if (!in.ok() || !in.at_end()) return std::nullopt;
    return out;
}

kv::Result<FilterDefinitions> Definitions::get(const DefinitionOwner& owner) const {
    auto found = store_.get(key_of(owner));
    if (!found) return std::unexpected(found.error());
    if (!*found) return FilterDefinitions{};
    auto decoded = decode_definitions(**found);
    if (!decoded) return std::unexpected(kv::Failure{kv::KvError::corrupt, "a filter definition is damaged"});
    return std::move(*decoded);
}

kv::Result<std::vector<FilterPreset>> Definitions::presets(DomainId domain) const {
    auto of_domain = get({DefinitionOwner::Kind::domain, domain.value()});
    if (!of_domain) return std::unexpected(of_domain.error());
    auto of_accounts = get({DefinitionOwner::Kind::account_defaults, domain.value()});
    if (!of_accounts) return std::unexpected(of_accounts.error());
    std::vector<FilterPreset> all = std::move(of_accounts->presets);  // the more particular place counts
    for (FilterPreset& one : of_domain->presets)
        if (std::ranges::find(all, one.name, &FilterPreset::name) == all.end()) all.push_back(std::move(one));
    return all;
}

kv::Result<> Definitions::set(const DefinitionOwner& owner, const FilterDefinitions& definitions) {
    kv::Batch batch;
    if (definitions.empty())
        batch.erase(key_of(owner));
    else
        batch.put(key_of(owner), encode(definitions));
    auto written = store_.write(std::move(batch), kv::Durability::now);
    if (owner.kind == DefinitionOwner::Kind::object && !definitions.empty()) objects_ = true;
    if (written && changed_) changed_(owner);
    return written;
}

void Definitions::forget(const DefinitionOwner& owner, kv::Batch& batch) {
    batch.erase(key_of(owner));
}

}  // namespace postrider::filter
