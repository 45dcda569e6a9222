// Mail from other servers' stores and into their formats.

#include <fmt/core.h>

#include <algorithm>

#include "admin/chapters.h"
#include "admin/lookup.h"
#include "migration/exporter.h"
#include "migration/file.h"
#include "migration/importer.h"

namespace postrider::admin {
namespace {

namespace fs = std::filesystem;
using Kind = Error::Kind;

constexpr std::size_t max_accounts = 100'000;  // of one operation

Json problems_json(const std::vector<migration::Problem>& problems) {
    Json rows = Json::array();
    for (const auto& one : problems)
        rows.push_back(Json{{"file", one.file}, {"line", one.line}, {"problem", one.what}});
    return rows;
}

migration::OnImported forward(const Progress& progress, std::string account) {
    return [&progress, account = std::move(account)](const std::string& folder, std::uint64_t done,
                                                     std::uint64_t of) {
        progress(fmt::format("{}{}: {} of about {} messages", account, folder, done, of),
                 of == 0 ? 0 : static_cast<int>(std::min<std::uint64_t>(99, 100 * done / of)));
    };
}

std::expected<migration::Format, Error> format_from(const Arguments& arguments, const fs::path& path) {
    if (auto text = arguments.maybe_text("format")) {
        if (auto format = migration::format_of(*text)) return *format;
        return fail(Kind::bad_value,
                    fmt::format("format: '{}' is none of maildir, mbox, sdbox, mdbox, cyrus", *text));
    }
    if (auto format = migration::detect(path)) return *format;
    return fail(Kind::bad_value,
                fmt::format("{}: cannot tell what this is; say it with --format", path.string()));
}

std::expected<migration::Quoting, Error> quoting_from(const Arguments& arguments) {
    const std::string text = arguments.text("mbox-quoting", "rd");
    if (text == "rd") return migration::Quoting::rd;
    if (text == "o") return migration::Quoting::o;
    if (text == "none") return migration::Quoting::none;
    return fail(Kind::bad_value, fmt::format("mbox-quoting: '{}' is none of rd, o, none", text));
}

std::expected<std::shared_ptr<mailstore::Account>, Error> mail_of(Context& context,
                                                                  std::string_view address) {
    auto entry = find_account(context, address);
    if (!entry) return std::unexpected(entry.error());
    return need(mailstore::open_or_create(context.store, (*entry)->id));
}

Json report_json(const migration::ImportReport& report) {
    return Json{{"folders", report.folders},     {"messages", report.messages},
                {"bytes", report.bytes},         {"imported_before", report.present},
                {"uids_kept", report.uids_kept}, {"problems", report.problems}};
}

std::expected<migration::ImportReport, Error> import_one(mailstore::Account& account,
                                                         const Arguments& arguments, const fs::path& from,
                                                         const std::string& address,
                                                         const Progress& progress) {
    auto format = format_from(arguments, from);
    if (!format) return std::unexpected(format.error());
    auto quoting = quoting_from(arguments);
    if (!quoting) return std::unexpected(quoting.error());
    migration::ImportOptions options;
    options.into = arguments.text("into");
    options.again = arguments.flag("again");
    options.dry_run = arguments.flag("dry-run");
    auto source = migration::open_source(*format, from, *quoting);
    return need(migration::import_mail(*source, account, options, forward(progress, address)));
}

Result import_account(Context& context, const Arguments& arguments, const Progress& progress) {
    auto account = mail_of(context, arguments.text("account"));
    if (!account) return std::unexpected(account.error());
    auto report = import_one(**account, arguments, arguments.text("from"), "", progress);
    if (!report) return std::unexpected(report.error());
    Json out = report_json(*report);
    out["not_read"] = problems_json(report->first_problems);
    return out;
}

Result forget_imports(Context& context, const Arguments& arguments, const Progress&) {
    auto account = mail_of(context, arguments.text("account"));
    if (!account) return std::unexpected(account.error());
    auto ok = need((*account)->forget_import_marks());
    if (!ok) return std::unexpected(ok.error());
    return done();
}

/// "%d/%n/Maildir": where each account's mail lies below a directory.
struct Layout {
    std::vector<std::string> parts;

    static std::expected<Layout, Error> from(const std::string& text, bool domain_given) {
        Layout layout;
        std::string_view rest = text;
        bool local = false, domain = domain_given;
        while (!rest.empty()) {
            const std::size_t end = std::min(rest.find('/'), rest.size());
            const std::string_view part = rest.substr(0, end);
            rest.remove_prefix(std::min(end + 1, rest.size()));
            if (part.empty() || part == ".") continue;
            const std::size_t at = part.find('%');
            const char kind = at == std::string_view::npos ? ' ' : at + 1 < part.size() ? part[at + 1] : '?';
            if (part == ".." || (kind != ' ' && kind != 'd' && kind != 'n' && kind != 'u')
                || (kind != ' ' && part.find('%', at + 1) != std::string_view::npos))
                return bad(text);
            local = local || kind == 'n' || kind == 'u';
            domain = domain || kind == 'd' || kind == 'u';
            layout.parts.emplace_back(part);
        }
        if (!local || !domain) return bad(text);
        return layout;
    }
    fs::path of(const fs::path& root, const std::string& local, const std::string& domain) const {
        fs::path path = root;
        for (std::string part : parts) {
            if (const std::size_t at = part.find('%'); at != std::string::npos)
                part.replace(at, 2,
                             part[at + 1] == 'd'   ? domain
                             : part[at + 1] == 'n' ? local
                                                   : local + '@' + domain);
            std::ranges::replace(part, '/', '_');  // a local part may hold what a file's name must not
            if (part.starts_with('.')) part[0] = '_';
            path /= part;
        }
        return path;
    }

    struct Found {
        fs::path path;
        std::string local, domain;
    };
    /// Every directory or file that the pattern names.
    void find(const fs::path& at, std::size_t part, const Found& so_far, std::vector<Found>& found) const {
        if (found.size() >= max_accounts) return;
        if (part == parts.size()) {
            found.push_back({at, so_far.local, so_far.domain});
            return;
        }
        const std::string& pattern = parts[part];
        const std::size_t percent = pattern.find('%');
        std::error_code error;
        if (percent == std::string::npos) {
            if (fs::exists(at / pattern, error)) find(at / pattern, part + 1, so_far, found);
            return;
        }
        auto names = migration::names_in(at);
        if (!names) return;
        const std::string_view before = std::string_view{pattern}.substr(0, percent),
                               behind = std::string_view{pattern}.substr(percent + 2);
        for (std::string name : *names) {
            if (name.ends_with('/')) name.pop_back();
            if (name.size() <= before.size() + behind.size() || !name.starts_with(before)
                || !name.ends_with(behind) || name.starts_with('.'))
                continue;
            const std::string value = name.substr(before.size(), name.size() - before.size() - behind.size());
            Found next = so_far;
            if (pattern[percent + 1] == 'd') next.domain = value;
            if (pattern[percent + 1] == 'n') next.local = value;
            if (pattern[percent + 1] == 'u') {
                const std::size_t sign = value.rfind('@');
                if (sign == std::string::npos) continue;
                next.local = value.substr(0, sign);
                next.domain = value.substr(sign + 1);
            }
            find(at / name, part + 1, next, found);
        }
    }

private:
    static std::unexpected<Error> bad(const std::string& text) {
        return fail(
            Kind::bad_value,
            fmt::format("layout: '{}' must be a path with %n (name) and %d (domain, unless --domain is "
                        "given) or %u (address), one in each component",
                        text));
    }
};

Result import_tree(Context& context, const Arguments& arguments, const Progress& progress) {
    const std::string domain = arguments.text("domain");
    auto layout = Layout::from(arguments.text("layout"), !domain.empty());
    if (!layout) return std::unexpected(layout.error());
    std::vector<Layout::Found> found;
    layout->find(arguments.text("from"), 0, {{}, {}, domain}, found);
    Json rows = Json::array();
    std::uint64_t messages = 0, failed = 0;
    for (std::size_t i = 0; i < found.size(); ++i) {
        const std::string address = found[i].local + '@' + found[i].domain;
        if (!domain.empty() && found[i].domain != domain) continue;
        progress(address, static_cast<int>(100 * i / found.size()));
        Json row{{"account", address}};
        auto account = mail_of(context, address);
        std::expected<migration::ImportReport, Error> report =
            account ? import_one(
                **account, arguments, found[i].path, address + ' ',
                [&](std::string_view what, int) { progress(what, static_cast<int>(100 * i / found.size())); })
                    : std::unexpected(account.error());
        if (report) {
            messages += report->messages;
            const Json numbers = report_json(*report);
            for (const auto& [name, value] : numbers.items()) row[name] = value;
            if (!report->first_problems.empty()) row["not_read"] = problems_json(report->first_problems);
        } else {
            ++failed;
            row["failed"] = report.error().what;
        }
        rows.push_back(std::move(row));
    }
    Json out{{"accounts", rows.size()}, {"messages", messages}, {"failed", failed}};
    out["imported"] = std::move(rows);
    return out;
}

Json report_json(const migration::ExportReport& report) {
    return Json{{"folders", report.folders},
                {"messages", report.messages},
                {"bytes", report.bytes},
                {"exported_before", report.present},
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
                    fmt::format("format: '{}' is none of maildir, mbox, sdbox, cyrus", text));
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
    auto layout = Layout::from(arguments.text("layout", "%d/%n"), false);
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
            if (after.empty() || all.size() >= max_accounts) break;
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

constexpr Argument account_argument{"account", Type::text, "Address of the account", true};
constexpr Argument import_format{
    "format", Type::text, "maildir, mbox, sdbox, mdbox or cyrus; without it what is there is looked at"};
constexpr Argument import_into{"into", Type::text,
                               "Folder under which everything goes; without it everything goes where it was"};
constexpr Argument import_quoting{"mbox-quoting", Type::text,
                                  "How mbox files guard lines that begin with \"From \": rd, o or none [rd]"};
constexpr Argument import_again{"again", Type::flag, "Also what was imported before"};
constexpr Argument import_dry{"dry-run", Type::flag, "Only read and count"};

constexpr Argument import_arguments[] = {
    account_argument,
    {"from", Type::path, "Directory of the mailbox, or an mbox file, that this server can read", true},
    import_format,
    import_into,
    import_quoting,
    import_again,
    import_dry};
constexpr Argument tree_arguments[] = {
    {"from", Type::path, "Directory with the mailboxes of all accounts", true},
    {"layout", Type::text, "Where they lie in it: %d/%n/Maildir, %u, ... (%d domain, %n name, %u address)",
     true},
    {"domain", Type::text, "Only accounts of this domain, which the layout need not name then"},
    import_format,
    import_into,
    import_quoting,
    import_again,
    import_dry};
constexpr Argument forget_arguments[] = {account_argument};
constexpr Argument export_format{"format", Type::text, "maildir, mbox, sdbox or cyrus [maildir]"};
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

constexpr Operation import_operations[] = {
    {"import account", "Bring in a mailbox of another server; a second run adds what is new",
     import_arguments, import_account, true},
    {"import tree", "Bring in the mailboxes of many accounts, which must exist", tree_arguments, import_tree,
     true},
    {"import forget", "Forget what was imported, so that another import brings it in again", forget_arguments,
     forget_imports, true},
};
constexpr Operation export_operations[] = {
    {"export account", "Write a mailbox for another server; a second run writes what is new",
     export_arguments, export_account},
    {"export tree", "Write the mailboxes of many accounts", export_tree_arguments, export_tree},
};

}  // namespace

Chapter import_chapter() {
    return {"import", "Mail from other servers", import_operations};
}
Chapter export_chapter() {
    return {"export", "Mail for other servers", export_operations};
}

}  // namespace postrider::admin
