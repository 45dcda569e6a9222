#include <fmt/format.h>

#include "mime/date.h"
#include "sieve/machine.h"
#include "sieve/one_address.h"
#include "sieve/words.h"
#include "text/ascii.h"

/// redirect. RFC 5228 §4.2, RFC 3894, RFC 6009 §4 and §5, RFC 6134 §2.5.
namespace postrider::sieve {
namespace {

constexpr std::size_t max_list_members = 100;

/// What follows NOTIFY=: NEVER, or some of SUCCESS, FAILURE, DELAY. RFC 3461 §4.1.
bool is_notify(std::string_view value) {
    if (text::equal_ci(value, "NEVER")) return true;
    while (true) {
        std::size_t comma = value.find(',');
        std::string_view one = text::trim(value.substr(0, comma));
        if (!text::equal_ci(one, "SUCCESS") && !text::equal_ci(one, "FAILURE") && !text::equal_ci(one, "DELAY"))
            return false;
        if (comma == std::string_view::npos) return true;
        value.remove_prefix(comma + 1);
    }
}

/// date-time of RFC 3339, as :bytimeabsolute has it: "2026-11-20T10:00:00Z".
std::optional<std::int64_t> read_absolute(std::string_view text) {
    using namespace std::chrono;
    auto digits = [&](std::size_t at, std::size_t count) -> int {
        int value = 0;
        for (std::size_t i = at; i < at + count; ++i) {
            if (i >= text.size() || !text::is_digit(text[i])) return -1;
            value = value * 10 + (text[i] - '0');
        }
        return value;
    };
    if (text.size() < 20 || text[4] != '-' || text[7] != '-' || text::upper(text[10]) != 'T' || text[13] != ':'
        || text[16] != ':')
        return std::nullopt;
    int year = digits(0, 4), month = digits(5, 2), day = digits(8, 2), hour = digits(11, 2), minute = digits(14, 2),
        second = digits(17, 2);
    year_month_day date{std::chrono::year{year}, std::chrono::month{static_cast<unsigned>(month)},
                        std::chrono::day{static_cast<unsigned>(day)}};
    if (year < 0 || month < 0 || day < 0 || !date.ok() || hour < 0 || hour > 23 || minute < 0 || minute > 59
        || second < 0 || second > 60)
        return std::nullopt;
    std::size_t at = 19;
    if (text[at] == '.')
        while (++at < text.size() && text::is_digit(text[at])) {
        }
    int zone = 0;
    if (at >= text.size()) return std::nullopt;
    if (text::upper(text[at]) != 'Z') {
        int hours = digits(at + 1, 2), minutes = digits(at + 4, 2);
        if (at + 6 != text.size() || (text[at] != '+' && text[at] != '-') || text[at + 3] != ':' || hours < 0
            || hours > 23 || minutes < 0 || minutes > 59)
            return std::nullopt;
        zone = (hours * 60 + minutes) * (text[at] == '-' ? -1 : 1);
    } else if (at + 1 != text.size()) {
        return std::nullopt;
    }
    std::int64_t days = sys_days{date}.time_since_epoch().count();
    return days * 86400 + hour * 3600 + (minute - zone) * 60 + second;
}

class RedirectCommand final : public CommandNode {
public:
    void run(Machine& machine) const override {
        Redirect redirect;
        std::string where = address.value(machine);
        if (list) {
            if (!machine.environment().list_exists(where))
                machine.fail(fmt::format("there is no list \"{}\" to redirect to", where));
            for (std::string& member : machine.environment().list_members(where)) {
                if (redirect.addresses.size() >= max_list_members) break;
                if (auto one = one_address(member)) redirect.addresses.push_back(std::move(*one));
            }
            redirect.list = std::move(where);
        } else {
            auto one = one_address(where);
            if (!one) machine.fail(fmt::format("\"{}\" is no address to redirect to", where));
            redirect.addresses.push_back(std::move(*one));
        }
        redirect.copy = copy;
        if (notify) {
            redirect.notify = text::to_upper(notify->value(machine));
            if (!is_notify(*redirect.notify)) machine.fail("\":notify\" of \"redirect\" is none that there is");
        }
        if (ret) {
            redirect.ret = text::to_upper(ret->value(machine));
            if (*redirect.ret != "FULL" && *redirect.ret != "HDRS")
                machine.fail("\":ret\" of \"redirect\" can be FULL or HDRS");
        }
        deliver_by(machine, redirect);
        if (!copy) machine.cancel_keep();
        machine.act(std::move(redirect));
    }

    TextTemplate address;
    bool list = false, copy = false, by_trace = false;
    std::optional<TextTemplate> notify, ret, by_absolute, by_mode;
    std::optional<std::uint64_t> by_relative;

private:
    void deliver_by(Machine& machine, Redirect& redirect) const {
        if (!by_relative && !by_absolute) return;
        Redirect::DeliverBy by;
        by.trace = by_trace;
        if (by_mode) {
            std::string mode = text::to_lower(by_mode->value(machine));
            if (mode != "notify" && mode != "return") machine.fail("\":bymode\" can be notify or return");
            by.notify = mode == "notify";
        }
        if (by_relative) {
            by.seconds = static_cast<std::int64_t>(std::min<std::uint64_t>(*by_relative, 999'999'999));
        } else {
            auto until = read_absolute(by_absolute->value(machine));
            if (!until) machine.fail("\":bytimeabsolute\" must be a date and time like \"2026-11-20T10:00:00Z\"");
            auto now = std::chrono::time_point_cast<std::chrono::seconds>(machine.environment().now());
            by.seconds = *until - now.time_since_epoch().count();
        }
        // RFC 2852 §4: who wants it back must leave some time.
        if (!by.notify && by.seconds < 1) machine.fail("the time to redirect within has passed");
        redirect.deliver_by = by;
    }
};

}  // namespace

CommandPtr build_redirect(Args& args) {
    auto made = std::make_unique<RedirectCommand>();
    made->copy = args.flag("copy", Extension::copy);
    made->list = args.flag("list", Extension::extlists);
    made->notify = args.text("notify", Extension::redirect_dsn);
    if (made->notify && made->notify->constant() && !is_notify(made->notify->source()))
        args.invalid("\":notify\" can be NEVER, or some of SUCCESS, FAILURE, DELAY");
    made->ret = args.text("ret", Extension::redirect_dsn);
    if (made->ret && made->ret->constant() && !text::equal_ci(made->ret->source(), "FULL")
        && !text::equal_ci(made->ret->source(), "HDRS"))
        args.invalid("\":ret\" can be FULL or HDRS");
    made->by_relative = args.number("bytimerelative", Extension::redirect_deliverby);
    made->by_absolute = args.text("bytimeabsolute", Extension::redirect_deliverby);
    made->by_mode = args.text("bymode", Extension::redirect_deliverby);
    made->by_trace = args.flag("bytrace", Extension::redirect_deliverby);
    if (made->by_relative && made->by_absolute)
        args.wrong("\":bytimerelative\" cannot stand beside \":bytimeabsolute\"");
    if ((made->by_mode || made->by_trace) && !made->by_relative && !made->by_absolute)
        args.wrong("\":bymode\" and \":bytrace\" need a time");
    made->address = args.text();
    if (!made->list && made->address.constant() && !one_address(made->address.source()))
        args.invalid(fmt::format("\"{}\" is no address", made->address.source()));
    args.done();
    return made;
}

}  // namespace postrider::sieve
