#include "cli/contexts/purge.h"

#include <fmt/core.h>

#include "admin/purge.h"
#include "cli/contexts/admin_limits.h"
#include "cli/contexts/until_stop.h"
#include "cli/wire/purge_words.h"

namespace postrider::cli {
namespace {

using admin::Purge;
using admin::Purged;

/// What the line asks for, sound.
Step<Purge> read(Call& call) {
    auto words = parse_purge(call.given.rest());
    if (!words) return std::unexpected(words.error());
    Purge purge{std::move(words->folders), {}};
    if (!words->condition.empty()) purge.criteria.push_back(std::move(words->condition));
    if (auto good = admin::check(call.shell.admin(), purge); !good) return std::unexpected(good.error().what);
    return purge;
}

template <class Work>
Reply run(Call& call, const Purge& purge, Work work) {
    try {
        const std::expected<Purged, admin::Error> purged = work(purge, until_stop(call.shell));
        if (!purged) return error(purged.error().what);
        Reply reply = ok();
        reply.text = fmt::format("command successful; {} messages purged from {} folders of {} mailboxes",
                                 purged->messages, purged->folders, purged->mailboxes);
        return reply;
    } catch (const admin::Cancelled& stopping) {
        return error(stopping.what());
    }
}

bool publics(const Call& call) {
    return call.subject == "public";
}

/// Every domain, enabled or not.
Reply purge_all(Call& call) {
    auto purge = read(call);
    if (!purge) return error(purge.error());
    return run(call, *purge, [&](const Purge& what, const admin::Progress& progress) {
        std::expected<Purged, admin::Error> sum{};
        const auto domains = call.shell.directory().domains();
        for (const auto& domain : domains) {
            auto one = admin::purge_domain(call.shell.admin(), *domain, publics(call), what, progress);
            if (!one) return one;
            sum->mailboxes += one->mailboxes;
            sum->folders += one->folders;
            sum->messages += one->messages;
        }
        return sum;
    });
}

Reply purge_domain(Call& call) {
    const auto domain = call.shell.directory().domain(call.shell.domain());
    if (!domain) return error("the domain is gone");
    auto purge = read(call);
    if (!purge) return error(purge.error());
    if (auto may = limits::purge(call.shell, domain->id, *purge); !may) return error(may.error());
    return run(call, *purge, [&](const Purge& what, const admin::Progress& progress) {
        return admin::purge_domain(call.shell.admin(), *domain, publics(call), what, progress);
    });
}

void add(Context& context, Reply (*purge)(Call&), Need accounts, Need public_folders) {
    context.commands.push_back(
        {std::string{purge_account_syntax}, std::string{purge_help}, purge, accounts, "account"});
    context.commands.push_back({"PURGE public folders <folders>...", "The same in the public folders", purge,
                                public_folders, "public"});
}

}  // namespace

Reply purge_account(Call& call, DomainId domain, AccountId account) {
    auto purge = read(call);
    if (!purge) return error(purge.error());
    if (auto may = limits::purge(call.shell, domain, *purge); !may) return error(may.error());
    return run(call, *purge, [&](const Purge& what, const admin::Progress& progress) {
        return admin::purge_mailbox(call.shell.admin(), account, what, progress);
    });
}

void add_purge_of_all(Context& root) {
    add(root, purge_all, super_user, super_user);
}

void add_purge_of_domain(Context& domain) {
    add(domain, purge_domain, on_domain("manageAccounts"), on_domain("managePublicFolder"));
}

}  // namespace postrider::cli
