// What others report about mail under our names (DMARC).

#include <fmt/chrono.h>
#include <fmt/core.h>

#include <algorithm>
#include <map>
#include <set>
#include <tuple>

#include "admin/chapters.h"
#include "admin/lookup.h"
#include "mailauth/aggregate_report.h"
#include "text/ascii.h"

namespace postrider::admin {
namespace {

using Kind = Error::Kind;

constexpr std::size_t max_message = 32u << 20;
constexpr std::size_t max_sources = 10'000, max_reports = 10'000;
constexpr std::uint64_t usual_days = 30;

std::string day(std::int64_t seconds) {
    return fmt::format("{:%Y-%m-%d}", fmt::gmtime(static_cast<std::time_t>(seconds)));
}

/// Adds up reports.
class Sums {
public:
    explicit Sums(std::string domain, bool all) : domain_{std::move(domain)}, all_{all} {}

    void add(const mailauth::AggregateReport& report) {
        if (!domain_.empty() && !text::equal_ci(report.domain, domain_)) return;
        // Some send a report twice, or to several of our addresses.
        if (reports_.size() == max_reports
            || !ids_.insert(report.organization + "\n" + report.report_id).second)
            return;
        Json& one = reports_.emplace_back();
        std::uint64_t messages = 0, passed = 0;
        for (const mailauth::AggregateRow& row : report.rows) {
            const bool good = row.dkim_aligned || row.spf_aligned;
            messages += row.count;
            passed += good ? row.count : 0;
            if (good && !all_) continue;
            const auto key = std::tuple{report.domain, row.source_ip, row.header_from};
            auto at = sources_.find(key);
            if (at == sources_.end()) {
                if (sources_.size() == max_sources) continue;
                at = sources_.emplace(key, Source{}).first;
            }
            Source& source = at->second;
            source.messages += row.count;
            source.dkim += row.dkim_aligned ? row.count : 0;
            source.spf += row.spf_aligned ? row.count : 0;
            source.refused += row.disposition == "reject" || row.disposition == "quarantine" ? row.count : 0;
        }
        one = Json{{"from", report.organization}, {"domain", report.domain}, {"day", day(report.begin)},
                   {"policy", report.p},          {"messages", messages},    {"passed", passed}};
        messages_ += messages;
        passed_ += passed;
    }

    Json result(std::size_t unreadable) {
        std::vector<std::pair<std::tuple<std::string, std::string, std::string>, Source>> sorted(
            sources_.begin(), sources_.end());
        std::ranges::stable_sort(
            sorted, [](const auto& a, const auto& b) { return a.second.messages > b.second.messages; });
        Json rows = Json::array();
        for (const auto& [key, source] : sorted)
            rows.push_back(Json{{"domain", std::get<0>(key)},
                                {"source", std::get<1>(key)},
                                {"header_from", std::get<2>(key)},
                                {"messages", source.messages},
                                {"dkim", source.dkim},
                                {"spf", source.spf},
                                {"refused", source.refused}});
        return Json{{"messages", messages_},
                    {"passed", passed_},
                    {"unreadable", unreadable},
                    {"reports", std::move(reports_)},
                    {"sources", std::move(rows)}};
    }

private:
    struct Source {
        std::uint64_t messages = 0, dkim = 0, spf = 0, refused = 0;
    };
    std::string domain_;
    bool all_;
    Json reports_ = Json::array();
    std::set<std::string> ids_;
    std::map<std::tuple<std::string, std::string, std::string>, Source> sources_;
    std::uint64_t messages_ = 0, passed_ = 0;
};

Result reports(Context& context, const Arguments& arguments, const Progress& progress) {
    auto entry = find_account(context, arguments.text("account"));
    if (!entry) return std::unexpected(entry.error());
    auto account = need(mailstore::open_or_create(context.store, (*entry)->id));
    if (!account) return std::unexpected(account.error());
    auto folders = need((*account)->folders());
    if (!folders) return std::unexpected(folders.error());
    const std::string path = arguments.text("folder", "INBOX");
    const auto folder = std::ranges::find(*folders, path, &mailstore::FolderInfo::path);
    if (folder == folders->end())
        return fail(Kind::not_found, fmt::format("{} has no folder '{}'", arguments.text("account"), path));
    auto view = need((*account)->view(folder->id));
    if (!view) return std::unexpected(view.error());

    const auto now =
        std::chrono::duration_cast<std::chrono::seconds>(context.clock.now().time_since_epoch()).count();
    const std::int64_t since =
        now
        - static_cast<std::int64_t>(std::min<std::uint64_t>(arguments.number("days", usual_days), 100'000))
              * 86'400;
    Sums sums{arguments.text("domain"), arguments.flag("all")};
    std::size_t unreadable = 0, seen = 0;
    auto looked = need((*view)->each_item({{Uid{1}, Uid{UINT32_MAX}}}, [&](const mailstore::Item& item) {
        if (++seen % 100 == 0)
            progress("Reading reports",
                     static_cast<int>(100 * seen / std::max<std::size_t>(folder->messages, seen)));
        if (item.internal_date < since || item.size > max_message) return true;
        auto message = (*view)->message(item);
        if (!message) return true;
        auto report = mailauth::find_aggregate(*message);
        if (report)
            sums.add(*report);
        else if (report.error() != mailauth::no_report_in_it)
            ++unreadable;
        return true;
    }));
    if (!looked) return std::unexpected(looked.error());
    return sums.result(unreadable);
}

constexpr Argument reports_arguments[] = {
    {"account", Type::text, "The account that receives the reports (rua of our DMARC records)", true},
    {"folder", Type::text, "Its folder that has them, INBOX unless said"},
    {"domain", Type::text, "Only reports about that domain"},
    {"days", Type::number, "How far back, by the day of arrival; 30 unless said"},
    {"all", Type::flag, "Sources whose mail passed, too"}};

constexpr Operation operations[] = {
    {"dmarc reports",
     "Sum up the DMARC reports that an account has received: how much mail others have seen under our names, "
     "how much of "
     "it passed, and which hosts sent what did not",
     reports_arguments, reports},
};

}  // namespace

Chapter dmarc_chapter() {
    return {"dmarc", "What others report about mail under our names", operations};
}

}  // namespace postrider::admin
