#include "filter/chain/settings.h"

namespace postrider::filter {
namespace {

using namespace settings;

constexpr Choice script_types[] = {{"sieve", ScriptFilter::Type::sieve}};
constexpr Choice filter_types[] = {
    {"script", FilterType::script}, {"socket", FilterType::socket}, {"integrated", FilterType::integrated}};
constexpr Choice applies[] = {{"local", Applies::local},
                              {"relay", Applies::relay},
                              Choice{"localOnCluster"},
                              Choice{"relayFromCluster"}};

constexpr Setting<ScriptFilter> script_rows[] = {
    {.name = "name",
     .field = field<&ScriptFilter::name>,
     .range = {1, 64},
     .help = "What the filter is called where it is activated, and in logs.",
     .required = true},
    {.name = "type", .field = choice<&ScriptFilter::type, script_types>, .help = "Its language."},
    {.name = "file",
     .field = field<&ScriptFilter::file>,
     .range = {1, 1024},
     .help =
         "The script. It is read again when it has changed; while it has errors, it lets everything pass.",
     .format = Format::path,
     .required = true},
};

constexpr Setting<ActiveFilter> active_rows[] = {
    {.name = "priority",
     .field = field<&ActiveFilter::priority>,
     .range = {0, 500},
     .help = "Filters of one level run from the lowest to the highest.",
     .required = true},
    {.name = "filterName",
     .field = field<&ActiveFilter::name>,
     .range = {1, 64},
     .help = "Name of a script filter, socket filter or integrated filter.",
     .required = true},
    {.name = "filterType",
     .field = choice<&ActiveFilter::type, filter_types>,
     .help = "Which of these.",
     .required = true},
    {.name = "applyOn",
     .field = choice<&ActiveFilter::apply_on, applies>,
     .help = "Mail for recipients of this server, and mail that goes on to other hosts. Scripts see only the "
             "former."},
};

constexpr Setting<ChainSettings> rows[] = {
    {.name = "scriptFilters",
     .field = object_set<&ChainSettings::scripts, script_filter_table>,
     .range = {0, 200},
     .help = "Scripts that can be activated for all mail.",
     .key = "name"},
    {.name = "serverActiveFilters",
     .field = object_set<&ChainSettings::active, active_filter_table>,
     .range = {0, 200},
     .help = "Filters that look at all mail, before those of domains and accounts.",
     .key = "priority"},
};

}  // namespace

TableOf<ScriptFilter> script_filter_table() {
    return {script_rows, "scriptFilter", "A Sieve script."};
}

TableOf<ActiveFilter> active_filter_table() {
    return {active_rows, "activeFilter", "A filter at its place in the order."};
}

TableOf<ChainSettings> chain_table() {
    return {rows, "chain", "Filters that are run on all mail."};
}

}  // namespace postrider::filter
