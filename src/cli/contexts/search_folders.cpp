#include "cli/contexts/account_frame.h"
#include "cli/contexts/branches.h"
#include "cli/wire/layout.h"

/// Saved searches that live as folders.
namespace postrider::cli {
namespace {

void quiet(std::string_view, int) {}

Reply list_in_domain(Call& call) {
    const auto domain = call.shell.directory().domain(call.shell.domain());
    if (!domain) return error("the domain is gone");
    const bool details = call.given.has("details");
    auto accounts = list_matching(call.shell, domain->id, directory::ObjectKind::account, {});
    if (!accounts) return error(accounts.error());
    std::vector<Row> rows;
    for (const directory::ListedObject& account : *accounts) {
        const admin::Json arguments{{"account", account.name + "@" + domain->name}};
        auto found = admin::run(call.shell.admin(), "account search list", arguments, quiet);
        if (!found && found.error().kind == admin::Error::Kind::not_found) continue;  // deleted meanwhile
        if (!found) return error(found.error().what);
        for (const admin::Json& one : (*found)["searches"]) {
            Row row{account.name, clean(one["path"].get<std::string>()), one["messages"].dump()};
            if (details) row.push_back(clean(one["criteria"].get<std::string>()));
            rows.push_back(std::move(row));
        }
    }
    Row headings{"account", "folder", "messages"};
    if (details) headings.push_back("criteria");
    return ok(table("SearchFolders", headings, rows));
}

Reply restart(Call& call) {
    const std::string address = static_cast<AccountFrame&>(call.frame).address();
    for (const Word& path : call.given.rest()) {
        const admin::Json arguments{{"account", address}, {"path", path.text}};
        auto done = admin::run(call.shell.admin(), "account search restart", arguments, quiet);
        if (!done) return error(done.error().what);
    }
    return ok();
}

}  // namespace

void add_search_folders_command(Context& domain) {
    domain.commands.push_back({"LIST SearchFolders [details]",
                               "Saved searches of its accounts; with details: what they search for",
                               list_in_domain, on_domain("manageAccounts")});
}

void add_search_restart_command(Context& account) {
    account.commands.push_back({"RESET folder <folders>...",
                                "Let these search folders forget what they have found, and search again",
                                restart, on_domain("manageAccounts")});
}

}  // namespace postrider::cli
