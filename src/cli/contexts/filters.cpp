#include "cli/contexts/filters.h"

#include <fmt/core.h>

#include "admin/filter_scripts.h"
#include "cli/wire/layout.h"

namespace postrider::cli {
namespace {

using filter::DefinitionOwner;
using filter::ScriptOwner;
using Kind = DefinitionOwner::Kind;

Step<filter::Definitions*> definitions_of(Shell& shell) {
    if (shell.admin().definitions == nullptr) return std::unexpected("this server keeps no filters");
    return shell.admin().definitions;
}
Step<filter::ScriptStore*> scripts_of(Shell& shell) {
    if (shell.admin().scripts == nullptr) return std::unexpected("this server keeps no scripts");
    return shell.admin().scripts;
}

/// Only who administers the server's filters writes where he likes below filters/; a domain's administrators
/// have a directory of their own there.
std::string directory_for(Shell& shell, const FilterPlace& place) {
    if (shell.may("manageServerFilters")) return {};
    auto domain = shell.directory().domain(place.domain);
    return domain ? domain->name : std::string{"-"};
}

/// Gives the accounts that have no rules of their own, or those of the template so far, the new template.
Step<> propagate(Shell& shell, filter::ScriptStore& scripts, DomainId domain, const std::string& before,
                 const std::string& after) {
    auto accounts = list_matching(shell, domain, directory::ObjectKind::account, "");
    if (!accounts) return std::unexpected(accounts.error());
    for (const directory::ListedObject& one : *accounts) {
        const ScriptOwner owner = ScriptOwner::of(one.id);
        auto own = scripts.get(owner, filter::webmail_script);
        if (!own && own.error().kind != filter::ScriptError::no_such_script)
            return std::unexpected(own.error().what);
        if (own && *own != before) continue;
        if (auto put = scripts.put(owner, filter::webmail_script, after); !put)
            return std::unexpected(put.error().what);
    }
    return {};
}

}  // namespace

std::optional<DefinitionOwner> FilterPlace::owner() const {
    if (id == 0) return std::nullopt;
    return DefinitionOwner{kind, id};
}

std::optional<filter::ListOwner> FilterPlace::lists() const {
    if (id == 0) return std::nullopt;
    if (kind == Kind::domain || kind == Kind::account_defaults) return filter::ListOwner::domain(domain);
    if (kind == Kind::account) return filter::ListOwner::account(AccountId{id});
    return std::nullopt;
}

std::optional<ScriptOwner> FilterPlace::scripts(std::string_view name) const {
    if (id == 0) return std::nullopt;
    if (kind == Kind::domain || kind == Kind::account_defaults) return ScriptOwner::of(domain);
    if (kind != Kind::account) return std::nullopt;
    return name == filter::account_rules_script ? ScriptOwner::admin_of(AccountId{id})
                                                : ScriptOwner::of(AccountId{id});
}

FiltersFrame::FiltersFrame(Shell& shell, const Context& context, std::string title, const FilterPlace& place,
                           FilterChanges* pending)
    : Frame{shell, context},
      ListsOfFrame{shell, place.lists()},
      title_{std::move(title)},
      place_{place},
      pending_{pending} {
    if (!pending_) return;
    changes_ = *pending_;
    list_edits_ = changes_.lists;
}

Step<filter::FilterDefinitions> FiltersFrame::definitions() const {
    filter::FilterDefinitions all;
    if (const auto owner = place_.owner()) {
        auto store = definitions_of(shell_);
        if (!store) return std::unexpected(store.error());
        auto stored = step((*store)->get(*owner));
        if (!stored) return stored;
        all = std::move(*stored);
    }
    for (const auto& edit : changes_.definitions)
        if (auto done = edit(all); !done) return std::unexpected(done.error());
    return all;
}

Step<> FiltersFrame::edit(FilterChanges::DefinitionEdit edit) {
    constexpr std::size_t most = 1'000;
    if (changes_.definitions.size() >= most) return std::unexpected("that many changes need a COMMIT first");
    auto now = definitions();
    if (!now) return std::unexpected(now.error());
    if (auto done = edit(*now); !done) return done;
    if (auto wrong = filter::fault(place_.kind, *now); !wrong.empty()) return std::unexpected(wrong);
    changes_.definitions.push_back(std::move(edit));
    return {};
}

Step<std::string> FiltersFrame::script(std::string_view name) const {
    if (auto at = changes_.scripts.find(name); at != changes_.scripts.end()) return at->second;
    const auto owner = place_.scripts(name);
    if (!owner) return std::string{};
    auto store = scripts_of(shell_);
    if (!store) return std::unexpected(store.error());
    auto text = (*store)->get(*owner, name);
    if (!text && text.error().kind == filter::ScriptError::no_such_script) return std::string{};
    return step(std::move(text));
}

Step<> FiltersFrame::set_script(std::string name, std::string text) {
    const auto owner = place_.scripts(name).value_or(ScriptOwner::of_server());
    if (auto good = check_script(shell_, owner, text); !good) return good;
    changes_.scripts[std::move(name)] = std::move(text);
    return {};
}

Step<> FiltersFrame::set_file(const std::string& file, std::string text) {
    constexpr std::size_t most = 20;
    auto may = admin::may_write_script_file(shell_.admin(), file, directory_for(shell_, place_));
    if (!may) return std::unexpected(may.error());
    if (changes_.files.size() >= most && !changes_.files.contains(file))
        return std::unexpected("that many files need a COMMIT first");
    if (auto good = check_script(shell_, ScriptOwner::of_server(), text); !good) return good;
    changes_.files[file] = std::move(text);
    return {};
}

Step<std::string> FiltersFrame::commit() {
    changes_.lists = list_edits_;
    if (auto done = write_filters(shell_, place_, changes_); !done) return std::unexpected(done.error());
    changes_ = {};
    list_edits_.clear();
    return std::string{};
}

Step<> FiltersFrame::done() {
    changes_.lists = list_edits_;
    if (pending_) {
        *pending_ = changes_;
        return {};
    }
    auto written = commit();
    return written ? Step<>{} : std::unexpected(written.error());
}

Step<> FiltersFrame::reload() {
    changes_ = {};
    list_edits_.clear();
    return {};
}

Step<> check_script(Shell& shell, const ScriptOwner& owner, const std::string& text) {
    auto store = scripts_of(shell);
    if (!store) return std::unexpected(store.error());
    auto good = admin::check_script(**store, owner, text);
    if (!good) return std::unexpected(clean(good.error()));
    return {};
}

Step<> write_filters(Shell& shell, const FilterPlace& place, FilterChanges& changes) {
    if (changes.empty()) return {};
    for (const auto& [file, text] : changes.files) {
        auto done = admin::write_script_file(shell.admin(), file, directory_for(shell, place), text);
        if (!done) return done;
    }
    changes.files.clear();
    const auto owner = place.owner();
    if (!owner) return std::unexpected("there is nobody yet whose filters these are");
    if (!changes.definitions.empty()) {
        auto store = definitions_of(shell);
        if (!store) return std::unexpected(store.error());
        auto all = step((*store)->get(*owner));
        if (!all) return std::unexpected(all.error());
        for (const auto& edit : changes.definitions)
            if (auto done = edit(*all); !done) return done;
        if (auto wrong = filter::fault(owner->kind, *all); !wrong.empty()) return std::unexpected(wrong);
        if (auto done = step((*store)->set(*owner, *all)); !done) return done;
        changes.definitions.clear();
    }
    if (!changes.scripts.empty() || changes.propagate) {
        auto store = scripts_of(shell);
        if (!store) return std::unexpected(store.error());
        const std::string name{filter::template_script};
        std::string before;
        if (changes.propagate)
            before = (*store)->get(ScriptOwner::of(place.domain), name).value_or(std::string{});
        for (const auto& [which, text] : changes.scripts)
            if (auto put = (*store)->put(*place.scripts(which), which, text); !put)
                return std::unexpected(put.error().what);
        if (changes.propagate) {
            auto after = (*store)->get(ScriptOwner::of(place.domain), name);
            if (!after) return std::unexpected("there is no WMFilterTemplate to give to accounts");
            if (auto done = propagate(shell, **store, place.domain, before, *after); !done) return done;
        }
        changes.scripts.clear();
        changes.propagate = false;
    }
    if (const auto lists = place.lists())
        if (auto done = write_lists(shell, *lists, changes.lists); !done) return done;
    changes.lists.clear();
    return {};
}

Reply enter_filters(Shell& shell, std::string_view path, std::string title, const FilterPlace& place,
                    FilterChanges* pending) {
    shell.enter(
        std::make_unique<FiltersFrame>(shell, shell.tree().at(path), std::move(title), place, pending));
    return ok();
}

std::vector<Context> filters_branch() {
    std::vector<Context> all;
    auto add = [&](std::string path, std::string prompt, Exit exit, std::string help, Kind kind, Need need) {
        Context context;
        context.path = path;
        context.prompt = prompt;
        context.exit = exit;
        context.help = std::move(help);
        context.commands = definition_commands(need);
        auto more = [&](std::vector<Command> commands) {
            std::ranges::move(commands, std::back_inserter(context.commands));
        };
        const bool of_domain = kind == Kind::domain || kind == Kind::account_defaults;
        if (of_domain) more(preset_commands(need));
        more(script_commands(kind, need));
        if (of_domain || kind == Kind::account) more(list_commands(need));
        all.push_back(std::move(context));
        add_definition_contexts(all, path, prompt, need);
        if (of_domain) add_preset_contexts(all, path, prompt, need);
    };
    const Need domain = on_domain("manageDomainFilters"), account = on_domain("manageAccounts");
    add("domain/FILTERS", "domain-filters", Exit::commit, "Filters of a domain", Kind::domain, domain);
    add("domain/account/Filters", "domain-account-filters", Exit::done, "Filters of an account",
        Kind::account, account);
    add("domain/accountDefaultFilters", "domain-accountDefaultFilters", Exit::done,
        "Filters of the domain's accounts that have none of their own", Kind::account_defaults, domain);
    add("domain/accountClass/Filters", "domain-accountClass-filters", Exit::done,
        "Filters of an account class", Kind::account_class, on_domain("manageAccountClasses"));
    add("domain/group/FILTERS", "domain-group-filters", Exit::done,
        "Filters of the mail that comes to a group", Kind::object, on_domain("manageGroups"));
    add("domain/folderRcpt/FILTERS", "domain-folderRcpt-filters", Exit::done,
        "Filters of the mail that comes to a folder recipient", Kind::object,
        on_domain("manageFolderRecipients"));
    return all;
}

}  // namespace postrider::cli
