// Mail from other servers' stores.

#include <fmt/core.h>

#include <algorithm>

#include "admin/chapters.h"
#include "admin/lookup.h"
#include "admin/mail_layout.h"
#include "admin/mail_of.h"
#include "admin/migration_report.h"
#include "migration/cyrus_spool.h"
#include "migration/importer.h"

namespace postrider::admin {

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

namespace {

namespace fs = std::filesystem;
using Kind = Error::Kind;

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

Json report_json(const migration::ImportReport& report) {
    return Json{{"folders", report.folders},     {"messages", report.messages},
                {"bytes", report.bytes},         {"imported_before", report.present},
                {"uids_kept", report.uids_kept}, {"problems", report.problems}};
}

/// What one import reads, and for whom.
struct Job {
    std::string address;
    fs::path from;
    std::vector<migration::CyrusMailbox> cyrus;  ///< what is his of a spool that many have
};

/// Who gets it. No mail: the account is not there yet, and this is a dry run.
struct Receiver {
    std::shared_ptr<mailstore::Account> mail;
    bool made = false;
    std::string password;
};

std::expected<Receiver, Error> receiver_of(Context& context, const std::string& address,
                                           const Arguments& arguments) {
    Receiver receiver;
    if (address.starts_with('@')) {
        auto mail = mail_of(context, address);
        if (!mail) return std::unexpected(mail.error());
        receiver.mail = std::move(*mail);
        return receiver;
    }
    auto place = find_place(context, address);
    if (!place) return std::unexpected(place.error());
    AccountId id;
    if (auto entry = find_account(context, address)) {
        id = (*entry)->id;
    } else if (entry.error().kind != Kind::not_found) {
        return std::unexpected(entry.error());
    } else if (!arguments.flag("create")) {
        return fail(Kind::not_found, entry.error().what + "; --create makes it");
    } else {
        receiver.made = true;
        if (arguments.flag("dry-run")) return receiver;
        directory::NewAccount account;
        account.name = place->local;
        if (arguments.flag("random-password")) {
            auto made =
                need(context.authenticator.create_random_password(place->domain->id, std::move(account)));
            if (!made) return std::unexpected(made.error());
            id = made->id;
            receiver.password = std::move(made->password);
        } else {
            auto made = need(context.directory.create_account(place->domain->id, account));
            if (!made) return std::unexpected(made.error());
            id = *made;
        }
    }
    auto mail = need(mailstore::open_or_create(context.store, id));
    if (!mail) return std::unexpected(mail.error());
    receiver.mail = std::move(*mail);
    return receiver;
}

/// What becomes of one account is in the row, its failure too: an account that was made has a password that
/// must not get lost.
std::expected<Json, Error> import_one(Context& context, const Arguments& arguments, const Job& job,
                                      const std::string& shown, const Progress& progress) {
    auto format = format_from(arguments, job.from);
    if (!format) return std::unexpected(format.error());
    auto quoting = quoting_from(arguments);
    if (!quoting) return std::unexpected(quoting.error());
    auto receiver = receiver_of(context, job.address, arguments);
    if (!receiver) return std::unexpected(receiver.error());
    Json row = Json::object();
    if (receiver->made) row["created"] = receiver->mail != nullptr;
    if (!receiver->password.empty()) row["password"] = receiver->password;
    migration::ImportOptions options;
    options.into = arguments.text("into");
    options.again = arguments.flag("again");
    options.dry_run = arguments.flag("dry-run");
    const migration::SourceOptions how{*quoting, arguments.text("attachments"),
                                       arguments.text("cyrus-config"), job.address};
    auto source = job.cyrus.empty() ? migration::open_source(*format, job.from, how)
                                    : migration::cyrus_spool_source(job.cyrus, how);
    auto report =
        need(migration::import_mail(*source, receiver->mail.get(), options, forward(progress, shown)));
    if (!report && !receiver->made) return std::unexpected(report.error());
    if (!report) {
        row["failed"] = report.error().what;
        return row;
    }
    row.update(report_json(*report));
    row["not_read"] = problems_json(report->first_problems);
    return row;
}

std::optional<Error> contradiction(const Arguments& arguments) {
    if (!arguments.flag("random-password") || arguments.flag("create")) return std::nullopt;
    return Error{Kind::usage, "random-password is for accounts that --create makes"};
}

Result import_account(Context& context, const Arguments& arguments, const Progress& progress) {
    if (auto wrong = contradiction(arguments)) return std::unexpected(*wrong);
    Job job{arguments.text("account"), arguments.text("from"), {}};
    if (!job.address.starts_with('@')) {
        auto place = find_place(context, job.address);
        if (!place) return std::unexpected(place.error());
        job.address = place->local + '@' + place->domain->name;
    } else if (arguments.text("into").empty()) {
        return fail(Kind::usage, "Say with --into which public folder gets it");
    }
    return import_one(context, arguments, job, "", progress);
}

Result forget_imports(Context& context, const Arguments& arguments, const Progress&) {
    auto account = mail_of(context, arguments.text("account"));
    if (!account) return std::unexpected(account.error());
    if (auto ok = need((*account)->forget_import_marks()); !ok) return std::unexpected(ok.error());
    return done();
}

/// Whose mail lies below that directory.
std::expected<std::vector<Job>, Error> jobs_of(const fs::path& from, const MailLayout& layout,
                                               const std::string& domain) {
    std::vector<Job> jobs;
    if (migration::is_cyrus_spool(from)) {
        auto spool = migration::read_cyrus_spool(from, [](const migration::Problem&) {});
        if (!spool) return fail(Kind::bad_value, spool.error());
        std::string user;
        for (migration::CyrusMailbox& one : *spool) {
            const std::size_t at = one.user.rfind('@');
            if (at == std::string::npos ? domain.empty()
                                        : !domain.empty() && one.user.substr(at + 1) != domain)
                continue;
            if (jobs.empty() || one.user != user) {
                user = one.user;
                jobs.push_back({at == std::string::npos ? user + '@' + domain : user, from, {}});
            }
            jobs.back().cyrus.push_back(std::move(one));
        }
        return jobs;
    }
    for (MailLayout::Found& one : layout.find(from, domain))
        if (domain.empty() || one.domain == domain)
            jobs.push_back({one.local + '@' + one.domain, std::move(one.path), {}});
    return jobs;
}

Result import_tree(Context& context, const Arguments& arguments, const Progress& progress) {
    if (auto wrong = contradiction(arguments)) return std::unexpected(*wrong);
    const std::string domain = arguments.text("domain");
    auto layout = MailLayout::from(arguments.text("layout"), !domain.empty());
    if (!layout) return std::unexpected(layout.error());
    auto jobs = jobs_of(arguments.text("from"), *layout, domain);
    if (!jobs) return std::unexpected(jobs.error());
    Json rows = Json::array();
    std::uint64_t messages = 0, failed = 0, created = 0;
    for (std::size_t i = 0; i < jobs->size(); ++i) {
        const Job& job = (*jobs)[i];
        const auto percent = static_cast<int>(100 * i / jobs->size());
        progress(job.address, percent);
        const Progress within = [&](std::string_view what, int) { progress(what, percent); };
        Json row{{"account", job.address}};
        auto one = import_one(context, arguments, job, job.address + ' ', within);
        if (one)
            row.update(*one);
        else
            row["failed"] = one.error().what;
        if (row.contains("not_read") && row["not_read"].empty()) row.erase("not_read");
        failed += row.contains("failed");
        created += row.value("created", false);
        messages += row.value("messages", std::uint64_t{0});
        rows.push_back(std::move(row));
    }
    Json out{{"accounts", rows.size()}, {"created", created}, {"messages", messages}, {"failed", failed}};
    out["imported"] = std::move(rows);
    return out;
}

constexpr Argument account_argument{"account", Type::text,
                                    "Address of the account, or @ and a domain for its public folders", true};
constexpr Argument import_format{
    "format", Type::text, "maildir, mbox, sdbox, mdbox or cyrus; without it what is there is looked at"};
constexpr Argument import_into{"into", Type::text,
                               "Folder under which everything goes; without it everything goes where it was"};
constexpr Argument import_quoting{"mbox-quoting", Type::text,
                                  "How mbox files guard lines that begin with \"From \": rd, o or none [rd]"};
constexpr Argument import_attachments{"attachments", Type::path,
                                      "Dovecot's mail_attachment_dir, if it has one"};
constexpr Argument import_cyrus{"cyrus-config", Type::path,
                                "Cyrus's configdirectory, where its users' subscriptions are"};
constexpr Argument import_again{"again", Type::flag, "Also what was imported before"};
constexpr Argument import_dry{"dry-run", Type::flag, "Only read and count"};
constexpr Argument import_create{"create", Type::flag,
                                 "Make the account if it is missing; the domain must exist"};
constexpr Argument import_random{
    "random-password", Type::flag,
    "Give an account that is made a password and show it; without one nobody can "
    "log in to it"};

constexpr Argument import_arguments[] = {
    account_argument,
    {"from", Type::path, "Directory of the mailbox, or an mbox file, that this server can read", true},
    import_format,
    import_into,
    import_quoting,
    import_attachments,
    import_cyrus,
    import_again,
    import_dry,
    import_create,
    import_random};
constexpr Argument tree_arguments[] = {
    {"from", Type::path, "Directory with the mailboxes of all accounts", true},
    {"layout", Type::text, "Where they lie in it: %d/%n/Maildir, %u, ... (%d domain, %n name, %u address)",
     true},
    {"domain", Type::text, "Only accounts of this domain, which the layout need not name then"},
    import_format,
    import_into,
    import_quoting,
    import_attachments,
    import_cyrus,
    import_again,
    import_dry,
    import_create,
    import_random};
constexpr Argument forget_arguments[] = {account_argument};

constexpr Operation import_operations[] = {
    {"import account", "Bring in a mailbox of another server; a second run adds what is new",
     import_arguments, import_account, true},
    {"import tree", "Bring in the mailboxes of many accounts", tree_arguments, import_tree, true},
    {"import forget", "Forget what was imported, so that another import brings it in again", forget_arguments,
     forget_imports, true},
};

}  // namespace

Chapter import_chapter() {
    return {"import", "Mail from other servers", import_operations};
}

}  // namespace postrider::admin
