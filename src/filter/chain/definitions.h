#pragma once

#include <functional>
#include <mutex>
#include <string>

#include "base/ids.h"
#include "filter/chain/settings.h"
#include "kv/kv.h"

namespace postrider::filter {

/// Below the server: whose filters. Groups, lists and folder recipients have ids like accounts.
struct DefinitionOwner {
    enum class Kind : std::uint8_t {
        domain = 1,
        account_defaults = 2,  ///< id of the domain: what its accounts have that have none of their own
        account_class = 3,
        account = 4,
    };
    Kind kind = Kind::domain;
    std::uint64_t id = 0;
    friend auto operator<=>(const DefinitionOwner&, const DefinitionOwner&) = default;
};

/// Which filters are set up at one place, apart from the scripts that people write themselves.
struct FilterDefinitions {
    std::vector<ScriptFilter> scripts;
    std::vector<ActiveFilter> active;  ///< by priority, each once
    bool empty() const { return scripts.empty() && active.empty(); }
    friend bool operator==(const FilterDefinitions&, const FilterDefinitions&) = default;
};
inline constexpr std::size_t max_filters_of_one = 200;

std::string encode(const FilterDefinitions& definitions);
std::optional<FilterDefinitions> decode_definitions(std::string_view bytes);

/// Filter definitions of domains, classes and accounts. Records by the byte: docs/formats/filter.md.
class Definitions {
public:
    explicit Definitions(kv::Store& store) : store_{store} {}

    kv::Result<FilterDefinitions> get(const DefinitionOwner& owner) const;
    /// Durable. What is empty is removed.
    kv::Result<> set(const DefinitionOwner& owner, const FilterDefinitions& definitions);
    static void forget(const DefinitionOwner& owner, kv::Batch& batch);

    /// Called after each change. Set once, before use.
    void on_change(std::function<void(const DefinitionOwner&)> listener) { changed_ = std::move(listener); }

private:
    kv::Store& store_;
    std::function<void(const DefinitionOwner&)> changed_;
};

}  // namespace postrider::filter
