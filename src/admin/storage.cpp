// The mail store's care, and the server's numbers.

#include <fmt/core.h>

#include <limits>

#include "admin/chapters.h"
#include "admin/live.h"
#include "admin/lookup.h"
#include "index/index.h"

namespace postrider::admin {
namespace {

using Kind = Error::Kind;
constexpr std::uint64_t megabyte = 1 << 20;

Result report(Context& context, const Arguments&, const Progress&) {
    const auto report = context.store.report();
    Json out;
    out["messages"] = report.messages;
    out["takes_mail"] = !context.store.full();
    out["index_bytes"] = report.kv.disk_bytes;
    out["index_memory_bytes"] = report.kv.memory_bytes;
    out["flushes"] = report.flushes;
    Json rows = Json::array();
    for (const auto& [number, usage] : report.locations)
        rows.push_back(Json{{"location", number},
                            {"files", usage.files},
                            {"records", usage.records},
                            {"disk_bytes", usage.file_bytes},
                            {"live_bytes", usage.live_bytes},
                            {"free_bytes", usage.free_bytes}});
    out["locations"] = std::move(rows);
    return out;
}

mailstore::MailStore::OnProgress forward(const Progress& progress) {
    return [&progress](const mailstore::MailStore::Progress& now) { progress(now.what, now.percent); };
}

Json findings_json(Context& context, const std::vector<mailstore::MailStore::Finding>& findings) {
    Json rows = Json::array();
    for (const auto& finding : findings) {
        auto account = context.directory.account(finding.account);
        rows.push_back(
            Json{{"account", account ? (*account)->address : fmt::format("#{}", finding.account.value())},
                 {"repaired", finding.repaired},
                 {"finding", finding.what}});
    }
    return rows;
}

Result verify(Context& context, const Arguments&, const Progress& progress) {
    auto findings = need(context.store.verify(forward(progress)));
    if (!findings) return std::unexpected(findings.error());
    return Json{{"clean", findings->empty()}, {"findings", findings_json(context, *findings)}};
}

Result repair(Context& context, const Arguments& arguments, const Progress& progress) {
    AccountId id;
    std::string name = arguments.text("account");
    if (name.starts_with('#')) {
        // As `storage verify` names owners that are no accounts: public folders, or what a crash left over.
        try {
            std::size_t used = 0;
            id = AccountId{std::stoull(name.substr(1), &used)};
            if (used + 1 != name.size())
                return fail(Kind::bad_value, fmt::format("'{}' is not the number of an account", name));
        } catch (const std::logic_error&) {
            return fail(Kind::bad_value, fmt::format("'{}' is not the number of an account", name));
        }
    } else {
        auto account = find_account(context, name);
        if (!account) return std::unexpected(account.error());
        id = (*account)->id;
    }
    auto findings = need(context.store.repair(id, forward(progress)));
    if (!findings) return std::unexpected(findings.error());
    if (context.live && context.live->full_text()) context.live->full_text()->rebuild(id);
    return Json{{"findings", findings_json(context, *findings)}};
}

Result compact(Context& context, const Arguments&, const Progress& progress) {
    auto bytes = [&] {
        const auto report = context.store.report();
        std::uint64_t sum = report.kv.disk_bytes;
        for (const auto& [number, usage] : report.locations) sum += usage.file_bytes;
        return sum;
    };
    std::uint64_t before = bytes();
    if (auto ok = need(context.store.compact(forward(progress))); !ok) return std::unexpected(ok.error());
    return Json{{"bytes_before", before}, {"bytes_after", bytes()}};
}

Result snapshot(Context& context, const Arguments& arguments, const Progress&) {
    auto ok = need(context.store.snapshot(arguments.text("directory")));
    if (!ok) return std::unexpected(ok.error());
    return done();
}

Result add_location(Context& context, const Arguments& arguments, const Progress&) {
    std::uint64_t number = arguments.number("number"), files = arguments.number("max-files", 128),
                  size = arguments.number("max-file-size", 256);
    if (number < 1 || number > std::numeric_limits<std::uint16_t>::max())
        return fail(Kind::bad_value, "storage add-location: the number must be 1 to 65535");
    if (files < 1 || files > 128)
        return fail(Kind::bad_value, "storage add-location: max-files must be 1 to 128");
    if (size < 1 || size > 2048)
        return fail(Kind::bad_value, "storage add-location: max-file-size must be 1 to 2048 MB");
    mailstore::LocationConfig location;
    location.number = static_cast<std::uint16_t>(number);
    location.options.directory = arguments.text("directory");
    location.options.max_files = static_cast<std::uint32_t>(files);
    location.options.max_file_bytes = size * megabyte;
    if (!context.add_location) return fail(Kind::not_allowed, "storage add-location: not possible here");
    if (auto ok = need(context.add_location(location)); !ok) return std::unexpected(ok.error());
    return done();
}

Result metrics(Context& context, const Arguments& arguments, const Progress&) {
    std::string prefix = arguments.text("prefix");
    Json rows = Json::array();
    const auto all = context.metrics.list();
    for (const observe::Metric& metric : all) {
        if (!metric.name.starts_with(prefix)) continue;
        rows.push_back(Json{{"name", metric.name},
                            {"value", metric.value},
                            {"kind", metric.kind == observe::Metric::Kind::counter ? "counter" : "gauge"},
                            {"help", metric.help}});
    }
    return Json{{"metrics", std::move(rows)}};
}

constexpr Argument repair_arguments[] = {
    {"account", Type::text, "Address of the account, or #NUMBER as `storage verify` shows it", true}};
constexpr Argument snapshot_arguments[] = {
    {"directory", Type::path, "New or empty directory for the copy", true}};
constexpr Argument location_arguments[] = {
    {"number", Type::number, "Number of the new location, 1 to 65535", true},
    {"directory", Type::path, "Its directory, best on a disk of its own", true},
    {"max-files", Type::number, "Files that it may hold, 1 to 128 [128]"},
    {"max-file-size", Type::number, "Size of one file in MB, 1 to 2048 [256]"}};
constexpr Argument metrics_arguments[] = {{"prefix", Type::text, "Only names that begin so", false, true}};

constexpr Operation storage_operations[] = {
    {"storage report", "Show how much is stored where", {}, report},
    {"storage verify", "Read everything and check it", {}, verify},
    {"storage repair", "Rebuild one account as far as what is undamaged allows", repair_arguments, repair,
     true},
    {"storage compact",
     "Give space of deleted mail back to the file system, and pack what a flood left unpacked",
     {},
     compact,
     true},
    {"storage snapshot", "Make a consistent copy of all mail and accounts", snapshot_arguments, snapshot},
    {"storage add-location", "Open a further directory for messages", location_arguments, add_location, true},
};
constexpr Operation metrics_operations[] = {
    {"metrics list", "Show the numbers that a running server counts", metrics_arguments, metrics, false,
     true},
};

}  // namespace

Chapter storage_chapter() {
    return {"storage", "The mail store", storage_operations};
}
Chapter metrics_chapter() {
    return {"metrics", "Counters of a running server", metrics_operations};
}

}  // namespace postrider::admin
