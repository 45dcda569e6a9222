#include "admin/account_rpop.h"

#include "admin/chapters.h"
#include "admin/lookup.h"
#include "rpop/templates.h"

namespace postrider::admin {
namespace {

using Kind = Error::Kind;

Json row(const rpop::Connections::Listed& one) {
    const rpop::Connection& c = one.connection;
    Json out;
    out["id"] = c.id;
    out["enabled"] = c.enabled;
    out["protocol"] = word(c.protocol);
    out["host"] = c.host;
    out["port"] = c.port;
    out["tls"] = word(c.security);
    out["verify"] = c.verify;
    out["user"] = c.user;
    out["folder"] = c.folder;
    out["remote_folder"] = c.remote_folder;
    out["interval_minutes"] = c.interval.count();
    out["keep"] = c.keep;
    out["days"] = c.days;
    out["last"] = one.status.last == Time{} ? "" : time_text(one.status.last);
    out["ok"] = one.status.ok;
    out["failures"] = one.status.failures;
    out["result"] = one.status.result;
    out["fetched"] = one.status.fetched;
    out["next"] = c.enabled ? time_text(one.status.next) : "";
    return out;
}

/// What the arguments say.
std::expected<rpop::Change, Error> change_of(const Arguments& arguments) {
    rpop::Change change;
    if (auto text = arguments.maybe_text("protocol")) {
        change.protocol = rpop::protocol_of(*text);
        if (!change.protocol) return fail(Kind::bad_value, "the protocol is pop3 or imap");
    }
    if (auto name = arguments.maybe_text("template")) {
        const rpop::Template* found = rpop::find_template(*name, change.protocol);
        if (!found) return fail(Kind::not_found, "there is no such template; rpop templates lists them");
        change.protocol = found->protocol;
        change.host = std::string{found->host};
        change.security = found->security;
        change.port = found->port;
    }
    if (auto text = arguments.maybe_text("tls")) {
        change.security = rpop::security_of(*text);
        if (!change.security) return fail(Kind::bad_value, "tls is tls, starttls or none");
    }
    if (arguments.has("port")) {
        if (arguments.number("port") == 0 || arguments.number("port") > 65535)
            return fail(Kind::bad_value, "the port is 1 to 65535");
        change.port = static_cast<std::uint16_t>(arguments.number("port"));
    }
    for (auto [on, off, into] :
         {std::tuple{"verify", "no-verify", &change.verify}, std::tuple{"keep", "delete", &change.keep},
          std::tuple{"enable", "disable", &change.enabled}}) {
        if (arguments.flag(on) && arguments.flag(off))
            return fail(Kind::usage, std::string{on} + " or " + off + ", not both");
        if (arguments.flag(on)) *into = true;
        if (arguments.flag(off)) *into = false;
    }
    if (auto text = arguments.maybe_text("host")) change.host = text;
    change.user = arguments.maybe_text("user");
    change.password = arguments.maybe_text("password");
    change.folder = arguments.maybe_text("folder");
    change.remote_folder = arguments.maybe_text("remote-folder");
    constexpr std::uint64_t many = 1'000'000;
    if (arguments.has("interval"))
        change.interval =
            std::chrono::minutes{static_cast<std::int64_t>(std::min(arguments.number("interval"), many))};
    if (arguments.has("days")) change.days = static_cast<unsigned>(std::min(arguments.number("days"), many));
    return change;
}

struct Place {
    AccountId account;
    rpop::Connections& connections;
    std::uint32_t id;
};
std::expected<Place, Error> place_of(Context& context, const Arguments& arguments) {
    auto account = find_account(context, arguments.text("account"));
    if (!account) return std::unexpected(account.error());
    if (!context.rpop) return fail(Kind::not_running, "mail cannot be fetched here");
    return Place{(*account)->id, *context.rpop,
                 static_cast<std::uint32_t>(std::min<std::uint64_t>(arguments.number("id"), UINT32_MAX))};
}

void wake(Context& context) {
    if (context.rpop_due) context.rpop_due();
}

Result one(Context& context, const Place& place, std::uint32_t id) {
    wake(context);
    auto listed = need(place.connections.find(place.account, id));
    if (!listed) return std::unexpected(listed.error());
    return row(*listed);
}

Result templates(Context&, const Arguments&, const Progress&) {
    Json rows = Json::array();
    for (const rpop::Template& one : rpop::templates())
        rows.push_back(Json{{"name", one.name},
                            {"protocol", word(one.protocol)},
                            {"host", one.host},
                            {"port", one.port},
                            {"tls", word(one.security)},
                            {"note", one.note}});
    return Json{{"templates", std::move(rows)}};
}

constexpr Operation operations[] = {
    {"rpop templates", "List providers for whom account rpop add knows host, port and TLS", {}, templates},
};

}  // namespace

Result account_rpop_add(Context& context, const Arguments& arguments, const Progress&) {
    auto place = place_of(context, arguments);
    if (!place) return std::unexpected(place.error());
    auto change = change_of(arguments);
    if (!change) return std::unexpected(change.error());
    auto made = need(place->connections.add(place->account, *change));
    if (!made) return std::unexpected(made.error());
    return one(context, *place, made->id);
}

Result account_rpop_list(Context& context, const Arguments& arguments, const Progress&) {
    auto place = place_of(context, arguments);
    if (!place) return std::unexpected(place.error());
    auto all = need(place->connections.list(place->account));
    if (!all) return std::unexpected(all.error());
    Json rows = Json::array();
    for (const auto& listed : *all) rows.push_back(row(listed));
    return Json{{"connections", std::move(rows)}};
}

Result account_rpop_update(Context& context, const Arguments& arguments, const Progress&) {
    auto place = place_of(context, arguments);
    if (!place) return std::unexpected(place.error());
    auto change = change_of(arguments);
    if (!change) return std::unexpected(change.error());
    auto made = need(place->connections.update(place->account, place->id, *change));
    if (!made) return std::unexpected(made.error());
    return one(context, *place, made->id);
}

Result account_rpop_remove(Context& context, const Arguments& arguments, const Progress&) {
    auto place = place_of(context, arguments);
    if (!place) return std::unexpected(place.error());
    if (auto gone = need(place->connections.remove(place->account, place->id)); !gone)
        return std::unexpected(gone.error());
    return done();
}

Result account_rpop_run(Context& context, const Arguments& arguments, const Progress&) {
    auto place = place_of(context, arguments);
    if (!place) return std::unexpected(place.error());
    auto all = need(place->connections.list(place->account));
    if (!all) return std::unexpected(all.error());
    bool any = false;
    for (const auto& listed : *all) {
        if (arguments.has("id") ? listed.connection.id != place->id : !listed.connection.enabled) continue;
        any = true;
        if (auto due = need(place->connections.run_now(place->account, listed.connection.id)); !due)
            return std::unexpected(due.error());
    }
    if (!any) return fail(Kind::not_found, "the account has no such connection");
    wake(context);
    return done();
}

Chapter rpop_chapter() {
    return {"rpop", "Fetching mail from elsewhere", operations};
}

}  // namespace postrider::admin
