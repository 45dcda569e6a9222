#pragma once

#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "settings/setting.h"
#include "settings/value.h"

/// Values that are inherited: server -> domain -> account class -> account. Each level holds only what is
/// said there explicitly; everything else comes from the level above, and at last from the struct's defaults.
namespace postrider::settings {

/// What one level says explicitly: names and values as text, at most 1024, sorted by name.
class Overrides {
public:
    /// Makes `name` explicit. The value is checked against the table and kept in the file's spelling.
    std::expected<void, ValueError> set(Table table, std::string_view name, std::string_view text);

    /// RESET: the value is inherited again. False when it was not explicit.
    bool reset(std::string_view name);

    /// The explicit value, or nothing. The view is good until the next change.
    std::optional<std::string_view> find(std::string_view name) const;

    const std::vector<std::pair<std::string, std::string>>& all() const { return values_; }
    bool empty() const { return values_.empty(); }

    /// As bytes for a record; docs/formats/overrides.md.
    std::string encode() const;
    /// Nothing when the bytes are not what encode() wrote. Names that this build does not know are kept.
    static std::optional<Overrides> decode(std::string_view bytes);

    bool operator==(const Overrides&) const = default;

private:
    std::vector<std::pair<std::string, std::string>> values_;
};

/// One level of a chain, outermost first. The overrides may be null where a level is missing (no class).
struct Level {
    Scope scope = Scope::server;
    const Overrides* overrides = nullptr;
};

/// Where a value comes from; not explicit anywhere means the built-in default.
struct Origin {
    std::string_view name;       ///< the row's
    std::optional<Scope> scope;  ///< nothing: the default
};

namespace detail {
std::vector<Origin> apply(Table table, void* values, std::span<const Level> chain);
}

template <class S>
struct Effective {
    S values;
    std::vector<Origin> origins;  ///< one per row, in the table's order

    /// The level at which the value was given; nothing when it is the default or the name is unknown.
    std::optional<Scope> from(std::string_view name) const {
        for (const Origin& origin : origins) {
            if (same_name(origin.name, name)) return origin.scope;
        }
        return std::nullopt;
    }
};

/// Every value resolved. An explicit value that this build no longer allows counts as not given.
template <class S>
Effective<S> effective(TableOf<S> table, std::span<const Level> chain) {
    Effective<S> result;
    result.origins = detail::apply(table, &result.values, chain);
    return result;
}

/// Only the values: what a log-in needs.
template <class S>
S effective_values(TableOf<S> table, std::span<const Level> chain) {
    return effective(table, chain).values;
}

std::string_view to_string(Scope scope);

}  // namespace postrider::settings
