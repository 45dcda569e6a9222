// Mail into the formats of other servers.

#include <fmt/core.h>

#include "admin/chapters.h"
#include "admin/lookup.h"
#include "admin/mail_layout.h"
#include "admin/mail_of.h"
#include "admin/migration_report.h"
#include "migration/exporter.h"

namespace postrider::admin {
namespace {

namespace fs = std::filesystem;
using Kind = Error::Kind;

Json report_json(const migration::ExportReport& report) {
    return Json{{"folders", report.folders},  {"messages", report.messages},
                {"bytes", report.bytes},      {"exported_before", report.present},
                {"removed", report.removed},  {"folders_emptied", report.emptied},
                {"problems", report.problems}};
}

std::expected<migration::ExportReport, Error> export_one(mailstore::Account& account,
                                                         const Arguments& arguments, const fs::path& to,
                                                         const std::string& address,
                                                         const Progress& progress) {
    const std::string text = arguments.text("format", "maildir");
    auto format = migration::export_format_of(text);
    if (!format)
        return fail(Kind::bad_value,
                    fmt::format("format: '{}' is none of maildir, mbox, sdbox, mdbox, cyrus", text));
    migration::ExportOptions options;
    options.folder = arguments.text("folder");
    return need(migration::export_mail(account, *format, to, options, forward(progress, address)));
}

Result export_account(Context& context, const Arguments& arguments, const Progress& progress) {
    auto account = mail_of(context, arguments.text("account"));
    if (!account) return std::unexpected(account.error());
    auto report = export_one(**account, arguments, arguments.text("to"), "", progress);
    if (!report) return std::unexpected(report.error());
    Json out = report_json(*report);
    out["not_written"] = problems_json(report->first_problems);
    return out;
}

Result export_tree(Context& context, const Arguments& arguments, const Progress& progress) {
    auto layout = MailLayout::from(arguments.text("layout", "%d/%n"), false);
    if (!layout) return std::unexpected(layout.error());
    std::vector<std::shared_ptr<const directory::Domain>> domains = context.directory.domains();
    if (auto name = arguments.maybe_text("domain")) {
        auto one = find_domain(context, *name);
        if (!one) return std::unexpected(one.error());
        domains.assign(1, *one);
    }
    struct Whose {
        AccountId id;
        std::string local, domain;
    };
    std::vector<Whose> all;
    for (const auto& domain : domains)
        for (std::string after;;) {
            auto page =
                need(context.directory.list(domain->id, directory::ObjectKind::account, {}, after, 1'000));
            if (!page) return std::unexpected(page.error());
            for (const auto& one : page->objects) all.push_back({one.id, one.name, domain->name});
            after = page->next;
            if (after.empty() || all.size() >= MailLayout::max_accounts) break;
        }
    Json rows = Json::array();
    std::uint64_t messages = 0, failed = 0;
    for (std::size_t i = 0; i < all.size(); ++i) {
        const auto percent = static_cast<int>(100 * i / all.size());
        const std::string address = all[i].local + '@' + all[i].domain;
        const fs::path to = layout->of(arguments.text("to"), all[i].local, all[i].domain);
        Json row{{"account", address}, {"path", to.string()}};
        auto account = need(mailstore::open_or_create(context.store, all[i].id));
        auto report = account ? export_one(**account, arguments, to, address + ' ',
                                           [&](std::string_view what, int) { progress(what, percent); })
                              : std::unexpected(account.error());
        if (report) {
            messages += report->messages;
            const Json numbers = report_json(*report);
            for (const auto& [name, value] : numbers.items()) row[name] = value;
            if (!report->first_problems.empty()) row["not_written"] = problems_json(report->first_problems);
        } else {
            ++failed;
            row["failed"] = report.error().what;
        }
        rows.push_back(std::move(row));
    }
    Json out{{"accounts", rows.size()}, {"messages", messages}, {"failed", failed}};
    out["exported"] = std::move(rows);
    return out;
}

constexpr Argument account_argument{"account", Type::text,
                                    "Address of the account, or @ and a domain for its public folders", true};
constexpr Argument export_format{"format", Type::text, "maildir, mbox, sdbox, mdbox or cyrus [maildir]"};
constexpr Argument export_folder{"folder", Type::text, "Only this folder and those in it"};
constexpr Argument export_arguments[] = {
    account_argument,
    {"to", Type::path, "Directory to write to; what an earlier run wrote there is not written again", true},
    export_format,
    export_folder};
constexpr Argument export_tree_arguments[] = {{"to", Type::path, "Directory to write to", true},
                                              {"layout", Type::text, "Where each account goes in it [%d/%n]"},
                                              {"domain", Type::text, "Only accounts of this domain"},
                                              export_format,
                                              export_folder};

constexpr Operation export_operations[] = {
    {"export account", "Write a mailbox for another server; a second run writes what is new",
     export_arguments, export_account},
    {"export tree", "Write the mailboxes of many accounts", export_tree_arguments, export_tree},
};

}  // namespace

Chapter export_chapter() {
    return {"export", "Mail for other servers", export_operations};
}

}  // namespace postrider::admin
