#include <fmt/core.h>

#include <fstream>

#include "admin/policy_script.h"
#include "cli/contexts/filters.h"
#include "cli/wire/layout.h"

/// Scripts that rule pages write: WAFilter of domains and accounts, WMFilter of accounts, and the template
/// for new ones.
namespace postrider::cli {
namespace {

using Kind = filter::DefinitionOwner::Kind;

FiltersFrame& frame_of(Call& call) {
    return static_cast<FiltersFrame&>(call.frame);
}

/// Files of the server's machine are for who administers the server's filters: others would read what is not
/// theirs by way of error messages.
Step<> may_name_files(Call& call) {
    return call.shell.permitted(on_server("manageServerFilters"));
}

Reply keep(FiltersFrame& frame, const std::string& name, std::string text) {
    auto done = frame.set_script(name, std::move(text));
    return done ? ok() : error(done.error());
}

Reply update(Call& call) {
    FiltersFrame& frame = frame_of(call);
    if (auto path = call.given.maybe("path")) {
        if (auto may = may_name_files(call); !may) return error(may.error());
        auto text = admin::read_script(*path);
        return text ? keep(frame, call.subject, std::move(*text)) : error(text.error());
    }
    call.shell.read_text(
        [&frame, name = call.subject](std::string text) { return keep(frame, name, std::move(text)); });
    return {true, {}, "send the script, and a line with the end sequence"};
}

Reply show(Call& call) {
    auto text = frame_of(call).script(call.subject);
    if (!text) return error(text.error());
    auto path = call.given.maybe("path");
    if (!path) return ok(lines_of(*text));
    if (auto may = may_name_files(call); !may) return error(may.error());
    std::ofstream file{*path, std::ios::binary | std::ios::trunc};
    file << *text;
    file.close();
    return file ? ok() : error(fmt::format("{} cannot be written", *path));
}

Reply set_propagate(Call& call) {
    const std::string word = call.given.maybe("choice").value_or("yes");
    if (word != "yes" && word != "no") return error("propagateFilterTemplate is yes or no");
    frame_of(call).changes().propagate = word == "yes";
    return ok();
}

Reply show_propagate(Call& call) {
    return ok(one_attribute("propagateFilterTemplate", frame_of(call).changes().propagate ? "yes" : "no"));
}

}  // namespace

std::vector<Command> script_commands(Kind where, Need need) {
    std::vector<Command> all;
    auto add = [&](std::string word, std::string help, std::string_view script) {
        all.push_back(
            {fmt::format("UPDATE {} [<path>]", word), "Replace " + help, update, need, std::string{script}});
        all.push_back(
            {fmt::format("SHOW {} [<path>]", word), "Show " + help, show, need, std::string{script}});
    };
    if (where == Kind::domain || where == Kind::account_defaults) {
        add("WAFilter", "the rules that look at all mail of the domain", filter::domain_rules_script);
        add("WMFilterTemplate", "the rules that new accounts begin with", filter::template_script);
        all.push_back({"SET propagateFilterTemplate [<choice>]",
                       "With the next COMMIT, accounts that have no rules of their own, or those of the "
                       "template before, get the template",
                       set_propagate, need});
        all.push_back({"SHOW propagateFilterTemplate", "Whether they will", show_propagate, need});
    }
    if (where == Kind::account) {
        add("WAFilter", "the rules that administrators have for the account; its owner does not see them",
            filter::account_rules_script);
        add("WMFilter", "the rules that its owner has", filter::webmail_script);
    }
    return all;
}

}  // namespace postrider::cli
