// Which filters run for a domain, its accounts, a class or an account. Those of the server are settings.

#include <fmt/core.h>

#include <algorithm>

#include "admin/chapters.h"
#include "admin/lookup.h"
#include "filter/chain/presets.h"
#include "filter/chain/registry.h"
#include "filter/scan/scanners.h"

namespace postrider::admin {
namespace {

using filter::ActiveFilter;
using filter::DefinitionOwner;
using filter::FilterDefinitions;
using filter::FilterType;
using Kind = Error::Kind;

constexpr Argument of_account{"account", Type::text, "For this account"};
constexpr Argument of_domain{"domain", Type::text, "For this domain"};
constexpr Argument of_accounts{"accounts", Type::flag,
                               "With --domain: for those of its accounts that have none of their own"};
constexpr Argument of_class{"class", Type::text, "With --domain: for this account class"};
constexpr Argument of_object{"object", Type::text, "For this group or folder recipient"};
constexpr Argument owner_arguments[] = {of_account, of_domain, of_accounts, of_class, of_object};
constexpr Argument name_argument{"name", Type::text, "Name of the filter", true};
constexpr Argument define_arguments[] = {
    name_argument, {"file", Type::text, "The script, relative to the working directory", true},
    of_account,    of_domain,
    of_accounts,   of_class,
    of_object};
constexpr Argument activate_arguments[] = {name_argument,
                                           {"priority", Type::number, "0 to 500; lower ones run first", true},
                                           {"type", Type::text, "script, socket or integrated [script]"},
                                           of_account,
                                           of_domain,
                                           of_accounts,
                                           of_class,
                                           of_object};
constexpr Argument deactivate_arguments[] = {{"priority", Type::number, "Of the active filter", true},
                                             of_account,
                                             of_domain,
                                             of_accounts,
                                             of_class,
                                             of_object};
constexpr Argument undefine_arguments[] = {name_argument, of_account, of_domain,
                                           of_accounts,   of_class,   of_object};

std::string_view word(FilterType type) {
    return type == FilterType::script ? "script" : type == FilterType::socket ? "socket" : "integrated";
}

std::expected<DefinitionOwner, Error> owner_of(Context& context, const Arguments& arguments) {
    using OwnerKind = DefinitionOwner::Kind;
    if (arguments.has("account") + arguments.has("domain") + arguments.has("object") != 1)
        return fail(Kind::usage,
                    "Say for whom: --account, --object or --domain; the server's filters are settings");
    if (arguments.has("object")) {
        const std::string text = arguments.text("object");
        const auto address = mime::parse_addr_spec(text);
        const auto domain = address ? context.directory.domain(address->domain) : nullptr;
        if (!domain) return fail(Kind::not_found, fmt::format("There is no {} here", text));
        auto object = need(context.directory.object(domain->id, address->local));
        if (!object) return std::unexpected(object.error());
        if (object->kind == directory::ObjectKind::account)
            return fail(Kind::bad_value, fmt::format("{} is an account: use --account", text));
        return DefinitionOwner{OwnerKind::object, object->id.value()};
    }
    if (arguments.has("account")) {
        auto account = find_account(context, arguments.text("account"));
        if (!account) return std::unexpected(account.error());
        return DefinitionOwner{OwnerKind::account, (*account)->id.value()};
    }
    auto domain = find_domain(context, arguments.text("domain"));
    if (!domain) return std::unexpected(domain.error());
    if (arguments.has("class")) {
        auto found = need(context.directory.account_class((*domain)->id, arguments.text("class")));
        if (!found) return std::unexpected(found.error());
        return DefinitionOwner{OwnerKind::account_class, found->id.value()};
    }
    return DefinitionOwner{arguments.flag("accounts") ? OwnerKind::account_defaults : OwnerKind::domain,
                           (*domain)->id.value()};
}

std::expected<std::pair<DefinitionOwner, FilterDefinitions>, Error> read(Context& context,
                                                                         const Arguments& arguments) {
    if (!context.definitions) return fail(Kind::not_running, "There are no filters here");
    auto owner = owner_of(context, arguments);
    if (!owner) return std::unexpected(owner.error());
    auto found = context.definitions->get(*owner);
    if (!found) return fail(Kind::storage, found.error().what);
    return std::pair{*owner, std::move(*found)};
}

Result write(Context& context, const DefinitionOwner& owner, const FilterDefinitions& definitions) {
    if (auto wrong = filter::fault(owner.kind, definitions); !wrong.empty())
        return fail(Kind::not_allowed, wrong);
    if (auto set = context.definitions->set(owner, definitions); !set)
        return fail(Kind::storage, set.error().what);
    return done();
}

Result list_filters(Context& context, const Arguments& arguments, const Progress&) {
    auto all = read(context, arguments);
    if (!all) return std::unexpected(all.error());
    Json scripts = Json::array(), active = Json::array();
    for (const filter::ScriptFilter& one : all->second.scripts)
        scripts.push_back(Json{{"name", one.name}, {"type", "sieve"}, {"file", one.file}});
    for (const ActiveFilter& one : all->second.active)
        active.push_back(
            Json{{"priority", one.priority}, {"filterName", one.name}, {"filterType", word(one.type)}});
    return Json{{"scriptFilters", std::move(scripts)}, {"activeFilters", std::move(active)}};
}

Result define_filter(Context& context, const Arguments& arguments, const Progress&) {
    auto all = read(context, arguments);
    if (!all) return std::unexpected(all.error());
    filter::ScriptFilter script;
    script.name = arguments.text("name");
    script.file = arguments.text("file");
    if (script.name.empty() || script.name.size() > 64 || script.file.empty())
        return fail(Kind::bad_value, "A script filter has a name of 1 to 64 octets, and a file");
    // Who administers a domain reads no other files of the server's machine.
    const std::filesystem::path file{script.file};
    const bool inside = file.is_relative() && *file.begin() == "filters"
                        && std::ranges::find(file, std::filesystem::path{".."}) == file.end();
    if (!inside) return fail(Kind::not_allowed, "The scripts of domains and accounts lie below filters/");
    if (std::ranges::find(all->second.scripts, script.name, &filter::ScriptFilter::name)
        != all->second.scripts.end())
        return fail(Kind::exists, fmt::format("There is a script filter {} already", script.name));
    all->second.scripts.push_back(std::move(script));
    return write(context, all->first, all->second);
}

Result undefine_filter(Context& context, const Arguments& arguments, const Progress&) {
    auto all = read(context, arguments);
    if (!all) return std::unexpected(all.error());
    const std::string name = arguments.text("name");
    auto uses = [&](const ActiveFilter& one) { return one.type == FilterType::script && one.name == name; };
    if (std::ranges::any_of(all->second.active, uses))
        return fail(Kind::in_use, fmt::format("{} is active: deactivate it first", name));
    if (std::erase_if(all->second.scripts, [&](const filter::ScriptFilter& one) { return one.name == name; })
        == 0)
        return fail(Kind::not_found, fmt::format("There is no script filter {}", name));
    return write(context, all->first, all->second);
}

Result activate_filter(Context& context, const Arguments& arguments, const Progress&) {
    auto all = read(context, arguments);
    if (!all) return std::unexpected(all.error());
    ActiveFilter active;
    active.name = arguments.text("name");
    const std::string type = arguments.text("type", "script");
    if (type == "script")
        active.type = FilterType::script;
    else if (type == "socket")
        active.type = FilterType::socket;
    else if (type == "integrated")
        active.type = FilterType::integrated;
    else
        return fail(Kind::bad_value, "The type is script, socket or integrated");
    const auto priority = arguments.number("priority");
    if (priority > 500) return fail(Kind::bad_value, "The priority is 0 to 500");
    active.priority = static_cast<std::uint32_t>(priority);
    const bool personal = all->first.kind != DefinitionOwner::Kind::domain;
    if (personal && active.type == FilterType::socket)
        return fail(Kind::not_allowed, "Scanners run for the server or for domains, not for accounts");
    auto at = std::ranges::lower_bound(all->second.active, active.priority, {}, &ActiveFilter::priority);
    if (at != all->second.active.end() && at->priority == active.priority)
        return fail(Kind::exists, fmt::format("Priority {} is taken by {}", active.priority, at->name));
    all->second.active.insert(at, std::move(active));
    return write(context, all->first, all->second);
}

Result deactivate_filter(Context& context, const Arguments& arguments, const Progress&) {
    auto all = read(context, arguments);
    if (!all) return std::unexpected(all.error());
    const auto priority = arguments.number("priority");
    if (std::erase_if(all->second.active, [&](const ActiveFilter& one) { return one.priority == priority; })
        == 0)
        return fail(Kind::not_found, fmt::format("There is no active filter of priority {}", priority));
    return write(context, all->first, all->second);
}

struct Personal {
    DefinitionOwner owner;
    FilterDefinitions own, of_domain;
};

std::expected<Personal, Error> read_account(Context& context, const Arguments& arguments) {
    if (!context.definitions) return fail(Kind::not_running, "There are no filters here");
    auto account = find_account(context, arguments.text("account"));
    if (!account) return std::unexpected(account.error());
    Personal it;
    it.owner = {DefinitionOwner::Kind::account, (*account)->id.value()};
    auto own = context.definitions->get(it.owner);
    auto domains = context.definitions->get({DefinitionOwner::Kind::domain, (*account)->domain.value()});
    if (!own || !domains) return fail(Kind::storage, own ? domains.error().what : own.error().what);
    auto presets = context.definitions->presets((*account)->domain);
    if (!presets) return fail(Kind::storage, presets.error().what);
    it.own = std::move(*own);
    it.of_domain = std::move(*domains);
    it.of_domain.presets = std::move(*presets);
    return it;
}

/// Integrated filters that look at an account's mail whether it wants it or not.
bool integrated(Context& context, const FilterDefinitions& above, std::string_view name) {
    auto is_it = [&](const ActiveFilter& one) {
        return one.type == FilterType::integrated && one.name == name;
    };
    if (std::ranges::any_of(above.active, is_it)) return true;
    return context.scanners
           && context.scanners->find(filter::ScannerKind::integrated, std::string{name}) != nullptr;
}

Json shown(const std::vector<filter::FilterSwitch>& all) {
    Json out = Json::object();
    for (const filter::FilterSwitch& one : all) out[one.filter] = one.enabled;
    return out;
}

Result list_presets(Context& context, const Arguments& arguments, const Progress&) {
    if (!context.definitions) return fail(Kind::not_running, "There are no filters here");
    auto domain = find_domain(context, arguments.text("domain"));
    if (!domain) return std::unexpected(domain.error());
    auto found = context.definitions->presets((*domain)->id);
    if (!found) return fail(Kind::storage, found.error().what);
    Json rows = Json::array();
    for (const filter::FilterPreset& one : *found)
        rows.push_back(Json{{"name", one.name}, {"built in", false}, {"filters", shown(one.filters)}});
    for (std::string_view name : filter::built_in_presets)
        if (!filter::has_own_preset(*found, name)) rows.push_back(Json{{"name", name}, {"built in", true}});
    return Json{{"presets", std::move(rows)}};
}

Result preset(Context& context, const Arguments& arguments, const Progress&) {
    auto it = read_account(context, arguments);
    if (!it) return std::unexpected(it.error());
    if (const auto name = arguments.maybe_text("name")) {
        if (!filter::has_preset(it->of_domain.presets, *name))
            return fail(Kind::not_found, fmt::format("There is no preset {}", *name));
        it->own.preset = *name;
        it->own.switches.clear();
        return write(context, it->owner, it->own);
    }
    return Json{{"preset", filter::chosen_preset(it->own)}, {"switched", shown(it->own.switches)}};
}

Result switch_filter(Context& context, const Arguments& arguments, const Progress&) {
    auto it = read_account(context, arguments);
    if (!it) return std::unexpected(it.error());
    const std::string name = arguments.text("name");
    if (arguments.flag("on") == arguments.flag("off")) return fail(Kind::usage, "Say --on or --off");
    if (!filter::may_switch(it->of_domain.presets, name, integrated(context, it->of_domain, name)))
        return fail(Kind::not_allowed,
                    fmt::format("{} is not for accounts to switch: no preset of the domain names it", name));
    std::erase_if(it->own.switches, [&](const filter::FilterSwitch& one) { return one.filter == name; });
    it->own.switches.push_back({name, arguments.flag("on")});
    return write(context, it->owner, it->own);
}

constexpr Argument whose{"account", Type::text, "Whose", true};
constexpr Argument whose_domain{"domain", Type::text, "Of which domain", true};
constexpr Argument presets_arguments[] = {whose_domain};
constexpr Argument preset_arguments[] = {
    whose, {"name", Type::text, "The preset to take; without it, which one it is", false, true}};
constexpr Argument switch_arguments[] = {
    whose,
    {"name", Type::text, "The filter; spamFilter is the server's own", true},
    {"on", Type::flag, "It looks at the account's mail"},
    {"off", Type::flag, "It does not"}};

constexpr Operation operations[] = {
    {"filter list", "List the filters that are set up for a domain, its accounts, a class or an account",
     owner_arguments, list_filters},
    {"filter define", "Name a script file, so that it can be activated", define_arguments, define_filter,
     true},
    {"filter undefine", "Forget a script file", undefine_arguments, undefine_filter, true},
    {"filter activate", "Let a filter look at mail", activate_arguments, activate_filter, true},
    {"filter deactivate", "Let one look no more", deactivate_arguments, deactivate_filter, true},
    {"filter presets", "List the sets of switches that accounts of a domain choose from", presets_arguments,
     list_presets},
    {"filter preset", "Show which one an account has, or choose: off, weak, strong, or one of the domain's",
     preset_arguments, preset},
    {"filter switch", "Switch one filter on or off for an account", switch_arguments, switch_filter, true},
};

}  // namespace

Chapter filter_chapter() {
    return {"filter", "Filters of domains and accounts", operations};
}

}  // namespace postrider::admin
