#pragma once

#include <atomic>
#include <functional>
#include <mutex>
#include <string>

#include "base/ids.h"
#include "filter/chain/settings.h"
#include "kv/kv.h"

namespace postrider::filter {

/// Below the server: whose filters.
struct DefinitionOwner {
    enum class Kind : std::uint8_t {
        domain = 1,
        account_defaults = 2,  ///< id of the domain: what its accounts have that have none of their own
        account_class = 3,
        account = 4,
        object = 5,  ///< a group or folder recipient: for the mail that comes to its address
    };
    Kind kind = Kind::domain;
    std::uint64_t id = 0;
    friend auto operator<=>(const DefinitionOwner&, const DefinitionOwner&) = default;
};

/// The name by which presets switch the server's own statistical filter.
inline constexpr std::string_view spam_filter_name = "spamFilter";

/// One filter, switched on or off for an account.
struct FilterSwitch {
    std::string filter;
    bool enabled = true;
    friend bool operator==(const FilterSwitch&, const FilterSwitch&) = default;
};

/// A named set of switches, from which the accounts of a domain choose.
struct FilterPreset {
    std::string name;
    std::vector<FilterSwitch> filters;
    friend bool operator==(const FilterPreset&, const FilterPreset&) = default;
};

/// Which filters are set up at one place, apart from the scripts that people write themselves.
struct FilterDefinitions {
    std::vector<ScriptFilter> scripts;
    std::vector<ActiveFilter> active;    ///< by priority, each once
    std::vector<FilterPreset> presets;   ///< of a domain: besides, or instead of, those built in
    std::string preset;                  ///< of an account: which one it has chosen; "" = none
    std::vector<FilterSwitch> switches;  ///< of an account: what it has switched since

    bool empty() const {
        return scripts.empty() && active.empty() && presets.empty() && preset.empty() && switches.empty();
    }
    friend bool operator==(const FilterDefinitions&, const FilterDefinitions&) = default;
};
inline constexpr std::size_t max_filters_of_one =
    200;  ///< scripts and active ones together; also of a preset
inline constexpr std::size_t max_presets = 50;

/// Puts it where its priority belongs.
void insert(FilterDefinitions& definitions, ActiveFilter active);
/// What is wrong with them there, a sentence; "" = nothing.
std::string fault(DefinitionOwner::Kind where, const FilterDefinitions& definitions);

std::string encode(const FilterDefinitions& definitions);
std::optional<FilterDefinitions> decode_definitions(std::string_view bytes);

/// Filter definitions of domains, classes and accounts. Records by the byte: docs/formats/filter.md.
class Definitions {
public:
    explicit Definitions(kv::Store& store);

    kv::Result<FilterDefinitions> get(const DefinitionOwner& owner) const;
    /// From which the accounts of a domain choose: the domain's, and those of its account defaults.
    kv::Result<std::vector<FilterPreset>> presets(DomainId domain) const;
    /// Durable. What is empty is removed.
    kv::Result<> set(const DefinitionOwner& owner, const FilterDefinitions& definitions);
    /// Whether there may be any of a group or folder recipient: where there are none, nobody looks for them.
    bool any_of_objects() const { return objects_.load(std::memory_order_relaxed); }
    static void forget(const DefinitionOwner& owner, kv::Batch& batch);

    /// Called after each change. Set once, before use.
    void on_change(std::function<void(const DefinitionOwner&)> listener) { changed_ = std::move(listener); }

private:
    kv::Store& store_;
    std::atomic<bool> objects_{false};
    std::function<void(const DefinitionOwner&)> changed_;
};

}  // namespace postrider::filter
