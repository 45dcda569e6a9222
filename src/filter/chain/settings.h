#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "settings/setting.h"

namespace postrider::filter {

/// A Sieve script that can be activated by its name.
struct ScriptFilter {
    enum class Type : std::uint8_t { sieve };
    std::string name;
    Type type = Type::sieve;
    std::string file;  ///< relative paths start at the working directory
    friend bool operator==(const ScriptFilter&, const ScriptFilter&) = default;
};

enum class FilterType : std::uint8_t { script, socket, integrated };
enum class Applies : std::uint8_t { local, relay };

/// A filter at its place in the order.
struct ActiveFilter {
    std::uint32_t priority = 0;
    std::string name;
    FilterType type = FilterType::script;
    settings::Set<Applies> apply_on{Applies::local};  ///< matters at server level alone
    friend bool operator==(const ActiveFilter&, const ActiveFilter&) = default;
};

struct ChainSettings {
    std::vector<ScriptFilter> scripts;
    std::vector<ActiveFilter> active;
};

/// The rows scriptFilters and serverActiveFilters, to be inlined in Server.
settings::TableOf<ChainSettings> chain_table();
settings::TableOf<ScriptFilter> script_filter_table();
settings::TableOf<ActiveFilter> active_filter_table();

}  // namespace postrider::filter
