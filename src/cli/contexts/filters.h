#pragma once

#include <map>

#include "cli/contexts/branches.h"
#include "filter/chain/definitions.h"
#include "filter/lists/address_lists.h"
#include "filter/scripts/script_store.h"

/// The filter contexts of server, domains, accounts, classes, groups and folder recipients: which scripts and
/// scanners look at mail, what rule pages have written, black- and whitelists.
namespace postrider::cli {

/// Changes of lists that wait for COMMIT.
struct ListEdit {
    enum class Kind : std::uint8_t { add, remove, reset } kind = Kind::add;
    filter::ListColour colour = filter::ListColour::black;
    std::string pattern{};
};
using ListEdits = std::vector<ListEdit>;

/// Black- and whitelist of one owner, with the changes that wait; part of a frame.
class ListsOfFrame {
public:
    ListsOfFrame(Shell& shell, std::optional<filter::ListOwner> owner) : its_{shell}, owner_{owner} {}
    virtual ~ListsOfFrame() = default;

    /// As it will be.
    Step<std::vector<std::string>> lines(filter::ListColour colour);
    Step<> edit_list(ListEdit edit);

protected:
    ListEdits list_edits_;

private:
    Shell& its_;
    std::optional<filter::ListOwner> owner_;
};

/// Changes of one place's filters that wait for COMMIT.
struct FilterChanges {
    using DefinitionEdit = std::function<Step<>(filter::FilterDefinitions&)>;
    ListEdits lists;
    std::vector<DefinitionEdit> definitions;
    std::map<std::string, std::string, std::less<>> scripts;  ///< of rule pages, by name
    std::map<std::string, std::string> files;                 ///< that script filters name, by path
    bool propagate = false;  ///< accounts of the domain get the template that is committed

    bool empty() const {
        return lists.empty() && definitions.empty() && scripts.empty() && files.empty() && !propagate;
    }
};

/// Whose filters. An account, class or object that COMMIT is to make has none yet.
struct FilterPlace {
    filter::DefinitionOwner::Kind kind = filter::DefinitionOwner::Kind::domain;
    std::uint64_t id = 0;  ///< 0: not there yet
    DomainId domain;       ///< that it is in

    std::optional<filter::DefinitionOwner> owner() const;
    /// Account defaults have the lists and rule pages of their domain, which are for all of its accounts.
    std::optional<filter::ListOwner> lists() const;
    /// Who has the rule pages' script of that name.
    std::optional<filter::ScriptOwner> scripts(std::string_view name) const;
};

/// A context with the filters of one place below the server.
class FiltersFrame final : public Frame, public ListsOfFrame {
public:
    /// @param pending  of the frame below, which writes them with its COMMIT; nullptr: this frame writes what
    ///                 is changed when it is left
    FiltersFrame(Shell& shell, const Context& context, std::string title, const FilterPlace& place,
                 FilterChanges* pending);

    std::string title() const override { return title_; }
    Step<std::string> commit() override;
    Step<> done() override;
    Step<> reload() override;

    const FilterPlace& place() const { return place_; }
    /// As they will be.
    Step<filter::FilterDefinitions> definitions() const;
    /// Tries it, and remembers it.
    Step<> edit(FilterChanges::DefinitionEdit edit);
    /// "" where there is none.
    Step<std::string> script(std::string_view name) const;
    /// Refuses what does not compile.
    Step<> set_script(std::string name, std::string text);
    Step<> set_file(const std::string& file, std::string text);
    FilterChanges& changes() { return changes_; }

private:
    std::string title_;
    FilterPlace place_;
    FilterChanges* pending_;
    FilterChanges changes_;
};

/// Writes what waits, in its order. What is said stays said after an error, so that COMMIT can go on.
Step<> write_filters(Shell& shell, const FilterPlace& place, FilterChanges& changes);
Step<> write_lists(Shell& shell, filter::ListOwner owner, const ListEdits& edits);

/// CONFIG Filters of a context whose frame has changes of its own: goes to the context of that path.
Reply enter_filters(Shell& shell, std::string_view path, std::string title, const FilterPlace& place,
                    FilterChanges* pending);

/// LIST, RESET, ADD and REMOVE of both lists.
std::vector<Command> list_commands(Need need);
/// Script filters and active filters of a place below the server; filter_definitions.cpp.
std::vector<Command> definition_commands(Need need);
/// Contexts of one script filter and one active filter, below that path.
void add_definition_contexts(std::vector<Context>& all, const std::string& path, const std::string& prompt,
                             Need need);
/// Presets of a domain; filter_presets.cpp.
std::vector<Command> preset_commands(Need need);
void add_preset_contexts(std::vector<Context>& all, const std::string& path, const std::string& prompt,
                         Need need);
/// UPDATE and SHOW of scripts that rule pages write; filter_scripts.cpp.
std::vector<Command> script_commands(filter::DefinitionOwner::Kind where, Need need);
/// Nothing, or what is wrong with a script of the owner's, a sentence.
Step<> check_script(Shell& shell, const filter::ScriptOwner& owner, const std::string& text);
/// Writes a text to where a command says, or answers with it.
Reply show_text(Call& call, const std::string& text);

std::vector<Context> filters_branch();

}  // namespace postrider::cli
