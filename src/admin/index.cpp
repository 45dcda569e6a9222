// Full text: how far it is, and making it again.

#include "index/index.h"

#include "admin/chapters.h"
#include "admin/index_status.h"
#include "admin/live.h"
#include "admin/lookup.h"

namespace postrider::admin {
namespace {

index::Index* full_text(Context& context) {
    return context.live ? context.live->full_text() : nullptr;
}

Result status(Context& context, const Arguments& arguments, const Progress&) {
    if (!full_text(context)) return fail(Error::Kind::not_allowed, "index status: not possible here");
    if (auto address = arguments.maybe_text("account")) {
        auto account = find_account(context, *address);
        if (!account) return std::unexpected(account.error());
        return index_status(context, (*account)->id);
    }
    const index::Status status = full_text(context)->status();
    return Json{{"waiting_accounts", status.waiting_accounts},
                {"waiting_messages", status.waiting_messages},
                {"indexed_since_start", status.indexed}};
}

Result rebuild(Context& context, const Arguments& arguments, const Progress&) {
    if (!full_text(context)) return fail(Error::Kind::not_allowed, "index rebuild: not possible here");
    auto account = find_account(context, arguments.text("account"));
    if (!account) return std::unexpected(account.error());
    full_text(context)->rebuild((*account)->id);
    return done();
}

constexpr Argument status_arguments[] = {
    {"account", Type::text, "Address of an account; without, what waits on the whole server", false, true}};
constexpr Argument rebuild_arguments[] = {{"account", Type::text, "Address of the account", true}};

constexpr Operation operations[] = {
    {"index status", "Show how much is indexed and what waits", status_arguments, status, false, true},
    {"index rebuild", "Throw an account's index away and make it again in the background", rebuild_arguments,
     rebuild, true, true},
};

}  // namespace

Result index_status(Context& context, AccountId owner) {
    if (!full_text(context)) return fail(Error::Kind::not_allowed, "index status: not possible here");
    auto status = need(full_text(context)->status(owner));
    if (!status) return std::unexpected(status.error());
    return Json{{"messages", status->messages},
                {"indexed", status->covered},
                {"backlog", status->messages - status->covered},
                {"files", status->files},
                {"disk_bytes", status->bytes}};
}

Chapter index_chapter() {
    return {"index", "Searching for texts", operations};
}

}  // namespace postrider::admin
