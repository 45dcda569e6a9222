// Who is shut out, and what the spam filter has learned.

#include "admin/chapters.h"
#include "admin/lookup.h"
#include "filter/anti_spam.h"

namespace postrider::admin {
namespace {

using Kind = Error::Kind;

std::expected<filter::AntiSpam*, Error> anti_spam(Context& context) {
    if (context.anti_spam == nullptr) return fail(Kind::not_running, "needs a running server");
    return context.anti_spam;
}

Json row(const filter::Ban& ban) {
    // Further away than a record says: for good.
    const bool ends = ban.until - ban.since < std::chrono::hours{24 * 365 * 100};
    Json out{{"network", ban.network}, {"since", time_text(ban.since)}};
    if (ends) out["until"] = time_text(ban.until);
    out["reason"] = ban.reason;
    out["times"] = ban.times;
    out["by_hand"] = ban.by_hand;
    return out;
}

Result list(Context& context, const Arguments&, const Progress&) {
    auto all = anti_spam(context);
    if (!all) return std::unexpected(all.error());
    Json rows = Json::array();
    const auto bans = (*all)->bans().list(10'000);
    for (const filter::Ban& ban : bans) rows.push_back(row(ban));
    return Json{{"bans", std::move(rows)}};
}

Result add(Context& context, const Arguments& arguments, const Progress&) {
    auto all = anti_spam(context);
    if (!all) return std::unexpected(all.error());
    constexpr std::uint64_t longest = 366 * 24 * 60;
    const std::uint64_t minutes = arguments.number("minutes", 0);
    if (minutes > longest) return fail(Kind::bad_value, "minutes: at most a year, or none for good");
    auto made = (*all)->bans().add(arguments.text("network"),
                                   std::chrono::minutes{static_cast<std::int64_t>(minutes)},
                                   arguments.text("reason", "by an administrator"));
    if (!made) return fail(Kind::bad_value, made.error());
    return row(*made);
}

Result remove(Context& context, const Arguments& arguments, const Progress&) {
    auto all = anti_spam(context);
    if (!all) return std::unexpected(all.error());
    const std::string network = arguments.text("network");
    auto gone = (*all)->bans().remove(network);
    if (!gone) return fail(Kind::bad_value, gone.error());
    if (!*gone) return fail(Kind::not_found, network + " is not shut out");
    context.authenticator.forgive(network);
    return done();
}

constexpr Argument add_arguments[] = {{"network", Type::text, "IP address, range or network", true},
                                      {"minutes", Type::number, "For how long [for good]"},
                                      {"reason", Type::text, "Why, for the list and the log"}};
constexpr Argument remove_arguments[] = {{"network", Type::text, "As `bans list` shows it", true}};

constexpr Operation operations[] = {
    {"bans list", "List the networks that are shut out, and why", {}, list},
    {"bans add", "Shut out a network", add_arguments, add, true},
    {"bans remove", "Let a network in again; its failed log-ins are forgotten", remove_arguments, remove,
     true},
};

}  // namespace

Chapter bans_chapter() {
    return {"bans", "Attackers that are shut out", operations};
}

}  // namespace postrider::admin
