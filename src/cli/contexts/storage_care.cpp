#include <fmt/core.h>

#include <algorithm>

#include "admin/invalid_messages.h"
#include "cli/contexts/branches.h"
#include "cli/contexts/job_commands.h"
#include "cli/wire/layout.h"
#include "text/ascii.h"

/// Care for what is stored: long work, which other sessions can follow and end. What runs as a job may
/// outlive the session that has begun it, so it takes nothing of it along.
namespace postrider::cli {
namespace {

using Domain = std::shared_ptr<const directory::Domain>;
using AccountPointer = std::shared_ptr<const directory::AccountEntry>;

Step<Domain> domain_of(Call& call) {
    auto domain = call.shell.directory().domain(call.shell.domain());
    if (!domain) return std::unexpected("the domain is gone");
    return domain;
}

Reply compact(Call& call) {
    return run_job(call, "COMPACT", {}, [&admin = call.shell.admin()](const admin::Progress& progress) {
        auto result = admin::run(admin, "storage compact", admin::Json::object(), progress);
        if (!result) return error(result.error().what);
        const auto kb = [&](const char* name) {
            return ((*result)[name].get<std::uint64_t>() + 1023) / 1024;
        };
        Reply reply = ok();
        reply.text = fmt::format("command successful; {} KB before, {} KB after", kb("bytes_before"),
                                 kb("bytes_after"));
        return reply;
    });
}

std::string line_of(const admin::Json& finding) {
    return fmt::format("{}: {}{}", finding["account"].get<std::string>(),
                       clean(finding["finding"].get<std::string>()),
                       finding["repaired"].get<bool>() ? " (repaired)" : "");
}

/// Everything is read, whoever it belongs to; told is what is about those owners.
Reply scan(Call& call, const Domain& domain, std::function<bool(const std::string& owner)> about) {
    return run_job(call, "SCAN", domain->id,
                   [&admin = call.shell.admin(), about = std::move(about)](const admin::Progress& progress) {
                       auto result = admin::run(admin, "storage verify", admin::Json::object(), progress);
                       if (!result) return error(result.error().what);
                       std::vector<std::string> lines;
                       for (const admin::Json& one : (*result)["findings"])
                           if (about(one["account"].get<std::string>())) lines.push_back(line_of(one));
                       return ok(simple_list("Findings", lines));
                   });
}

Reply scan_all(Call& call) {
    auto domain = domain_of(call);
    if (!domain) return error(domain.error());
    return scan(
        call, *domain,
        [accounts = "@" + (*domain)->name, publics = fmt::format("#{}", (*domain)->public_account.value())](
            const std::string& owner) { return owner.ends_with(accounts) || owner == publics; });
}

Reply scan_publics(Call& call) {
    auto domain = domain_of(call);
    if (!domain) return error(domain.error());
    return scan(call, *domain,
                [publics = fmt::format("#{}", (*domain)->public_account.value())](const std::string& owner) {
                    return owner == publics;
                });
}

/// The account of that local part in the domain.
Step<AccountPointer> account_named(Call& call, const directory::Domain& domain, const std::string& name) {
    auto object = call.shell.directory().object(domain.id, name);
    if (!object || object->kind != directory::ObjectKind::account)
        return std::unexpected(fmt::format("there is no account {}", clean(name)));
    return step(call.shell.directory().account(object->id));
}

Reply scan_account(Call& call) {
    auto domain = domain_of(call);
    if (!domain) return error(domain.error());
    auto account = account_named(call, **domain, call.given.text("account"));
    if (!account) return error(account.error());
    return scan(call, *domain,
                [address = (*account)->address](const std::string& owner) { return owner == address; });
}

/// Owners as `storage repair` names them.
Reply repair(Call& call, DomainId domain, std::vector<std::string> owners) {
    return run_job(
        call, "REPAIR", domain,
        [&admin = call.shell.admin(), owners = std::move(owners)](const admin::Progress& progress) {
            std::vector<std::string> lines;
            for (const std::string& owner : owners) {
                progress(owner, 0);
                auto result = admin::run(admin, "storage repair", admin::Json{{"account", owner}}, progress);
                if (!result) return error(result.error().what);
                for (const admin::Json& one : (*result)["findings"]) lines.push_back(line_of(one));
            }
            return ok(simple_list("Findings", lines));
        });
}

Reply repair_accounts(Call& call) {
    auto domain = domain_of(call);
    if (!domain) return error(domain.error());
    std::vector<std::string> owners;
    for (const Word& word : call.given.rest()) {
        auto account = account_named(call, **domain, word.text);
        if (!account) return error(account.error());
        owners.push_back((*account)->address);
    }
    return repair(call, (*domain)->id, std::move(owners));
}

Reply repair_publics(Call& call) {
    auto domain = domain_of(call);
    if (!domain) return error(domain.error());
    return repair(call, (*domain)->id, {fmt::format("#{}", (*domain)->public_account.value())});
}

Reply find_invalid(Call& call) {
    auto domain = domain_of(call);
    if (!domain) return error(domain.error());
    std::vector<Word> words = call.given.rest();
    bool purge = false, details = false;
    // The two keywords stand behind the names; an account of such a name is written in quotes.
    for (; words.size() > 1 && !words.back().quoted; words.pop_back()) {
        bool& flag = text::equal_ci(words.back().text, "purge") ? purge : details;
        if (flag || (&flag == &details && !text::equal_ci(words.back().text, "details"))) break;
        flag = true;
    }
    std::vector<AccountPointer> accounts;
    for (const Word& word : words) {
        auto account = account_named(call, **domain, word.text);
        if (!account) return error(account.error());
        accounts.push_back(std::move(*account));
    }
    return run_job(
        call, "FINDINVALIDMSG", (*domain)->id,
        [&admin = call.shell.admin(), accounts = std::move(accounts), purge,
         details](const admin::Progress& progress) {
            std::vector<Row> rows;
            std::vector<std::string> which;
            for (const auto& account : accounts) {
                auto found = admin::find_invalid_messages(admin, account->id, purge, progress);
                if (!found) return error(found.error().what);
                rows.push_back({account->name, std::to_string(found->messages),
                                std::to_string(found->invalid), std::to_string(found->purged)});
                if (details)
                    for (const auto& one : found->first)
                        which.push_back(fmt::format("{}: {} UID {}: {}", account->name, clean(one.folder),
                                                    one.uid, clean(one.what)));
            }
            std::string data = table("InvalidMessages", {"account", "read", "invalid", "purged"}, rows);
            if (details) data += simple_list("Details", which);
            return ok(std::move(data));
        });
}

}  // namespace

void add_care_commands(Context& server, Need need) {
    server.commands.push_back({"COMPACT ServerStorage [forced]",
                               "Give space of deleted mail back to the file system", compact, need});
    add_job_commands(server, "COMPACT", true, need);
}

void add_domain_care_commands(Context& domain) {
    const Need need = on_domain("manageDomainStorage");
    auto& commands = domain.commands;
    commands.push_back({"COMPACT All [forced]",
                        "Give space of deleted mail back to the file system, in all directories", compact,
                        need});
    add_job_commands(domain, "COMPACT", true, need);
    commands.push_back({"SCAN ALL [verbose] [readOnly]",
                        "Read all mail, check it and tell what is wrong in the domain; changes nothing",
                        scan_all, need});
    commands.push_back(
        {"SCAN PublicFolders", "The same; told is what is wrong in its public folders", scan_publics, need});
    commands.push_back(
        {"SCAN Account <account>", "The same; told is what is wrong in one mailbox", scan_account, need});
    add_job_commands(domain, "SCAN", false, need);
    commands.push_back({"REPAIR Accounts [skip-stage-3] <accounts>...",
                        "Rebuild these mailboxes as far as what is undamaged allows", repair_accounts, need});
    add_job_commands(domain, "REPAIR", false, need);
    add_job_commands(domain, "FINDINVALIDMSG", false, need);
    commands.push_back({"FINDINVALIDMSG <accounts>...",
                        "Read all messages of these mailboxes and count those that cannot be read; behind "
                        "the names: purge expunges damaged ones, details lists them",
                        find_invalid, need});
}

void add_edit_care_commands(Context& domain_edit) {
    const Need need = on_domain("manageDomainStorage");
    for (const char* what : {"all", "messagesStorage"})
        domain_edit.commands.push_back({fmt::format("COMPACT {} [forced]", what),
                                        "Give space of deleted mail back to the file system", compact, need});
    add_job_commands(domain_edit, "COMPACT", true, need);
    domain_edit.commands.push_back({"REPAIR publicContainer [forced]",
                                    "Rebuild the public folders as far as what is undamaged allows",
                                    repair_publics, need});
    add_job_commands(domain_edit, "REPAIR", false, need);
}

}  // namespace postrider::cli
