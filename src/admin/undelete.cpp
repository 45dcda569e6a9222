// What was deleted for good and can still be restored.

#include <fmt/core.h>

#include <charconv>
#include <cstdio>
#include <limits>

#include "admin/chapters.h"
#include "admin/lookup.h"
#include "admin/mail_of.h"
#include "mime/encoded_word.h"
#include "mime/header.h"

namespace postrider::admin {
namespace {

using Kind = Error::Kind;
using mailstore::DeletedId;
using mailstore::DeletedItem;

constexpr std::uint64_t max_restored = 1'000'000;  // ids that one operation holds

std::string text_of(const DeletedId& id) {
    return fmt::format("{}.{}.{}", id.change.value(), id.folder.value(), id.uid.value());
}

std::optional<DeletedId> parse_id(std::string_view text) {
    std::uint64_t numbers[3] = {};
    const char* at = text.data();
    const char* const end = at + text.size();
    for (int i = 0; i < 3; ++i) {
        if (i > 0 && (at == end || *at++ != '.')) return std::nullopt;
        auto [next, error] = std::from_chars(at, end, numbers[i]);
        if (error != std::errc{} || (i > 0 && numbers[i] > 0xffffffff)) return std::nullopt;
        at = next;
    }
    if (at != end) return std::nullopt;
    return DeletedId{ModSeq{numbers[0]}, FolderId{static_cast<std::uint32_t>(numbers[1])},
                     Uid{static_cast<std::uint32_t>(numbers[2])}};
}

/// "2026-11-20", "2026-11-20T10:00:00Z", or so long ago: seconds, or with m, h or d.
std::expected<std::int64_t, Error> parse_moment(const Context& context, const char* name,
                                                const std::string& text) {
    auto bad = [&] {
        return fail(Kind::bad_value,
                    fmt::format("{}: '{}' is neither 2026-11-20, nor 2026-11-20T10:00:00Z, nor an amount of "
                                "time like 90m, 12h or 3d",
                                name, text));
    };
    int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
    char last = 0, more = 0;
    const int fields = std::sscanf(text.c_str(), "%4d-%2d-%2dT%2d:%2d:%2d%c%c", &year, &month, &day, &hour,
                                   &minute, &second, &last, &more);
    if ((fields == 3 && text.size() == 10) || (fields == 7 && last == 'Z')) {
        const std::chrono::year_month_day date{std::chrono::year{year},
                                               std::chrono::month{static_cast<unsigned>(month)},
                                               std::chrono::day{static_cast<unsigned>(day)}};
        if (!date.ok() || hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60)
            return bad();
        return std::chrono::seconds{std::chrono::sys_days{date}.time_since_epoch()}.count() + hour * 3600
               + minute * 60 + second;
    }
    std::uint64_t amount = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), amount);
    const std::string_view unit{end, static_cast<std::size_t>(text.data() + text.size() - end)};
    const std::uint64_t seconds = unit.empty() || unit == "s" ? 1
                                  : unit == "m"               ? 60
                                  : unit == "h"               ? 3600
                                  : unit == "d"               ? 86'400
                                                              : 0;
    if (error != std::errc{} || seconds == 0 || amount > 1'000'000'000) return bad();
    return std::chrono::floor<std::chrono::seconds>(context.clock.now()).time_since_epoch().count()
           - static_cast<std::int64_t>(amount * seconds);
}

/// Which deleted messages an operation is about: all that is given must hold.
struct Choice {
    std::optional<std::string> folder;
    std::optional<std::int64_t> since, before;

    static std::expected<Choice, Error> from(const Context& context, const Arguments& arguments) {
        Choice choice;
        choice.folder = arguments.maybe_text("folder");
        for (auto [name, place] : {std::pair{"since", &choice.since}, std::pair{"before", &choice.before}}) {
            auto text = arguments.maybe_text(name);
            if (!text) continue;
            auto moment = parse_moment(context, name, *text);
            if (!moment) return std::unexpected(moment.error());
            *place = *moment;
        }
        return choice;
    }
    bool matches(const DeletedItem& item) const {
        // A folder stands for what lies in it, too: it may have gone with all below it.
        if (folder && item.path != *folder && !item.path.starts_with(*folder + '/')) return false;
        return (!since || item.time >= *since) && (!before || item.time < *before);
    }
};

Time at(std::int64_t seconds) {
    return Time{std::chrono::seconds{seconds}};
}

Json row_of(Context& context, const DeletedItem& item) {
    constexpr std::size_t looked_at = 16'384;
    std::string from, subject;
    std::string head{item.item.prefix};
    if (auto bytes = context.store.read_head(item.item.blob, looked_at)) head += *bytes;
    auto field = [&](std::string_view name) {
        auto value = mime::find_field(head, name);
        std::string text = value ? mime::decode_encoded_words(mime::unfold(*value)) : std::string{};
        text.erase(0, text.find_first_not_of(" \t"));
        return text;
    };
    return Json{{"id", text_of(item.id)},     {"deleted", time_text(at(item.time))},
                {"folder", item.path},        {"received", time_text(at(item.item.internal_date))},
                {"bytes", item.item.size},    {"from", field("From")},
                {"subject", field("Subject")}};
}

Result list(Context& context, const Arguments& arguments, const Progress&) {
    auto account = mail_of(context, arguments.text("account"));
    if (!account) return std::unexpected(account.error());
    auto choice = Choice::from(context, arguments);
    if (!choice) return std::unexpected(choice.error());
    DeletedId after;
    if (auto text = arguments.maybe_text("after")) {
        auto id = parse_id(*text);
        if (!id)
            return fail(Kind::bad_value, fmt::format("after: '{}' is no id of a deleted message", *text));
        after = *id;
    }
    const std::uint64_t limit = arguments.number("limit", 1000);
    if (limit < 1 || limit > max_listed)
        return fail(Kind::bad_value, fmt::format("undelete list: limit must be 1 to {}", max_listed));
    Json rows = Json::array();
    std::string next, last;
    auto ok = need((*account)->each_deleted(after, [&](const DeletedItem& item) {
        if (!choice->matches(item)) return true;
        if (rows.size() == limit) {
            next = last;
            return false;
        }
        last = text_of(item.id);
        rows.push_back(row_of(context, item));
        return true;
    }));
    if (!ok) return std::unexpected(ok.error());
    const mailstore::Quota quota = (*account)->quota();
    Json out{{"messages", quota.deleted_messages}, {"bytes", quota.deleted_bytes}};
    out["deleted"] = std::move(rows);
    if (!next.empty()) out["next"] = next;
    return out;
}

Result restore(Context& context, const Arguments& arguments, const Progress& progress) {
    auto account = mail_of(context, arguments.text("account"));
    if (!account) return std::unexpected(account.error());
    auto choice = Choice::from(context, arguments);
    if (!choice) return std::unexpected(choice.error());
    std::vector<DeletedId> which;
    const auto named = arguments.list("id");
    for (const std::string& text : named) {
        auto id = parse_id(text);
        if (!id) return fail(Kind::bad_value, fmt::format("id: '{}' is no id of a deleted message", text));
        which.push_back(*id);
    }
    const bool chosen = choice->folder || choice->since || choice->before;
    if (which.empty() && !chosen && !arguments.flag("all"))
        return fail(Kind::usage,
                    "undelete restore: say which messages: --id, --folder, --since, --before or "
                    "--all");
    if (which.empty()) {
        auto ok = need((*account)->each_deleted({}, [&](const DeletedItem& item) {
            if (choice->matches(item)) which.push_back(item.id);
            return which.size() < max_restored;
        }));
        if (!ok) return std::unexpected(ok.error());
    }
    constexpr std::size_t piece = 200;
    std::uint64_t messages = 0, gone = 0;
    Json folders = Json::array();
    for (std::size_t i = 0; i < which.size(); i += piece) {
        progress("messages", static_cast<int>(100 * i / which.size()));
        const auto first = which.begin() + static_cast<std::ptrdiff_t>(i);
        const auto end = which.begin() + static_cast<std::ptrdiff_t>(std::min(i + piece, which.size()));
        auto done = need((*account)->undelete({first, end}, arguments.maybe_text("into")));
        if (!done && messages != 0)
            return fail(done.error().kind, fmt::format("{} of {} messages are restored; then: {}", messages,
                                                       which.size(), done.error().what));
        if (!done) return std::unexpected(done.error());
        messages += done->messages;
        gone += done->gone;
        for (const std::string& folder : done->folders) folders.push_back(folder);
    }
    return Json{{"restored", messages}, {"gone", gone}, {"folders_made", std::move(folders)}};
}

Result purge(Context& context, const Arguments& arguments, const Progress&) {
    auto account = mail_of(context, arguments.text("account"));
    if (!account) return std::unexpected(account.error());
    std::int64_t before = std::numeric_limits<std::int32_t>::max() * std::int64_t{4};  // year 2242: all
    if (auto text = arguments.maybe_text("before")) {
        auto moment = parse_moment(context, "before", *text);
        if (!moment) return std::unexpected(moment.error());
        before = *moment;
    } else if (!arguments.flag("all")) {
        return fail(Kind::usage, "undelete purge: say which messages: --before or --all");
    }
    auto purged = need((*account)->purge_deleted(at(before)));
    if (!purged) return std::unexpected(purged.error());
    return Json{{"purged", *purged}};
}

constexpr Argument account_argument{"account", Type::text,
                                    "Address of the account, or @ and a domain for its public folders", true};
constexpr Argument folder_argument{"folder", Type::text,
                                   "Only from this folder (its path at that time) and those in it"};
constexpr Argument since_argument{
    "since", Type::text,
    "Only deleted since: a day (2026-11-20), a moment (2026-11-20T10:00:00Z), or so long ago (90m, 12h, 3d)"};
constexpr Argument before_argument{"before", Type::text, "Only deleted before: as since"};

constexpr Argument list_arguments[] = {account_argument,
                                       folder_argument,
                                       since_argument,
                                       before_argument,
                                       {"after", Type::text, "The 'next' of the page before"},
                                       {"limit", Type::number, "At most so many, 1 to 10000 [1000]"}};
constexpr Argument restore_arguments[] = {
    account_argument,
    {"id", Type::list, "Only these messages, by the ids that `undelete list` shows"},
    folder_argument,
    since_argument,
    before_argument,
    {"all", Type::flag, "Everything that can be restored"},
    {"into", Type::text, "Into this folder, made when it is missing, instead of where they were"}};
constexpr Argument purge_arguments[] = {
    account_argument,
    {"before", Type::text, "What was deleted before: as in `undelete list`"},
    {"all", Type::flag, "Everything that could be restored"}};

constexpr Operation operations[] = {
    {"undelete list", "List messages that were deleted for good and can be restored, oldest first",
     list_arguments, list},
    {"undelete restore", "Put deleted messages back where they were; a folder that is gone is made again",
     restore_arguments, restore, true},
    {"undelete purge", "Give up deleted messages now, so that nobody can restore them", purge_arguments,
     purge, true},
};

}  // namespace

Chapter undelete_chapter() {
    return {"undelete", "Messages that were deleted and can be restored", operations};
}

}  // namespace postrider::admin
