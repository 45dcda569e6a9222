#include "admin/account_rules.h"

#include "admin/lookup.h"

namespace postrider::admin {
namespace {

using Kind = Error::Kind;

Json row(const directory::AccountEntry& account, const directory::TemporaryAlias& alias, Time now) {
    auto at = account.address.rfind('@');
    return Json{{"address", alias.name + account.address.substr(at)},
                {"name", alias.name},
                {"expires", time_text(alias.expires)},
                {"active", alias.expires > now}};
}

}  // namespace

Result account_temporary_add(Context& context, const Arguments& arguments, const Progress&) {
    auto account = find_account(context, arguments.text("account"));
    if (!account) return std::unexpected(account.error());
    if (arguments.has("days") && arguments.has("seconds"))
        return fail(Kind::usage, "account temporary add: either days or seconds");
    auto settings = need(context.directory.effective((*account)->id));
    if (!settings) return std::unexpected(settings.error());
    constexpr std::uint64_t day = 24 * 3600, too_many = 1'000'000;
    std::uint64_t life =
        arguments.has("seconds")
            ? std::min(arguments.number("seconds"), too_many * day)
            : std::min(arguments.number("days", (*settings)->temporary_aliases_days), too_many) * day;
    auto made = need(context.directory.add_temporary_alias(
        (*account)->id, arguments.text("name"), std::chrono::seconds{static_cast<std::int64_t>(life)}));
    if (!made) return std::unexpected(made.error());
    return row(**account, *made, context.clock.now());
}

Result account_temporary_list(Context& context, const Arguments& arguments, const Progress&) {
    auto account = find_account(context, arguments.text("account"));
    if (!account) return std::unexpected(account.error());
    Json rows = Json::array();
    for (const directory::TemporaryAlias& one : (*account)->temporary)
        rows.push_back(row(**account, one, context.clock.now()));
    return Json{{"temporary_addresses", std::move(rows)}};
}

Result account_temporary_remove(Context& context, const Arguments& arguments, const Progress&) {
    auto account = find_account(context, arguments.text("account"));
    if (!account) return std::unexpected(account.error());
    auto gone = need(context.directory.remove_temporary_alias((*account)->id, arguments.text("name")));
    if (!gone) return std::unexpected(gone.error());
    return done();
}

Result account_send_quota_show(Context& context, const Arguments& arguments, const Progress&) {
    auto account = find_account(context, arguments.text("account"));
    if (!account) return std::unexpected(account.error());
    auto settings = need(context.directory.effective((*account)->id));
    if (!settings) return std::unexpected(settings.error());
    if (context.send_quota == nullptr) return fail(Kind::not_running, "needs a running server");
    const settings::AccountSettings& limits = **settings;
    auto use = context.send_quota->used((*account)->id, limits, context.clock.now());
    Json out;
    out["messages"] = use.messages;
    out["limit_messages"] = limits.sent_messages_count;
    out["recipients"] = use.recipients;
    out["limit_recipients"] = limits.sent_recipients_count;
    out["bytes"] = use.bytes;
    out["limit_bytes"] = limits.sent_messages_size_kb * 1024;
    out["interval_seconds"] = limits.sent_messages_interval.count();
    if (use.any()) {
        out["since"] = time_text(use.since);
        out["until"] = time_text(use.since + limits.sent_messages_interval);
    }
    return out;
}

Result account_send_quota_reset(Context& context, const Arguments& arguments, const Progress&) {
    auto account = find_account(context, arguments.text("account"));
    if (!account) return std::unexpected(account.error());
    if (context.send_quota == nullptr) return fail(Kind::not_running, "needs a running server");
    context.send_quota->reset((*account)->id);
    return done();
}

}  // namespace postrider::admin
