#include <fmt/core.h>

#include <algorithm>

#include "cli/contexts/branches.h"
#include "cli/contexts/until_stop.h"
#include "cli/wire/layout.h"
#include "cli/wire/storage_uri.h"
#include "cli/wire/wildcard.h"

/// How much is stored where, and care for it.
namespace postrider::cli {
namespace {

std::string kb(std::uint64_t octets) {
    return std::to_string((octets + 1023) / 1024);
}

std::vector<admin::StorageLocation> locations(Call& call) {
    auto& known = call.shell.admin().locations;
    return known ? known() : std::vector<admin::StorageLocation>{};
}

std::string uri_of(const admin::StorageLocation& one) {
    StorageUri uri;
    uri.path = one.directory;
    uri.max_files = one.max_files;
    uri.max_file_size_kb = static_cast<std::uint32_t>(one.max_file_bytes / 1024);
    return print(uri);
}

Reply list_storages(Call& call) {
    std::vector<std::string> rows;
    for (const admin::StorageLocation& one : locations(call))
        if (std::string uri = uri_of(one); matches_wildcard(call.given.text("pattern"), uri))
            rows.push_back(std::move(uri));
    return ok(simple_list("Storages", rows));
}

void add(container::Usage& sum, const container::Usage& one) {
    sum.files += one.files;
    sum.records += one.records;
    sum.file_bytes += one.file_bytes;
    sum.live_bytes += one.live_bytes;
    sum.free_bytes += one.free_bytes;
}

/// Columns are told apart by blanks.
Row row_of(std::string name, const container::Usage& usage) {
    std::ranges::replace(name, ' ', '_');
    return {std::move(name),      std::to_string(usage.files), std::to_string(usage.records),
            kb(usage.file_bytes), kb(usage.live_bytes),        kb(usage.free_bytes)};
}

/// @param only  of this location; nullopt: of all, and of what is not messages
std::string information(Call& call, std::optional<std::uint16_t> only) {
    const auto report = call.shell.admin().store.report();
    const auto known = locations(call);
    std::vector<Row> rows;
    container::Usage total{};
    for (const auto& [number, usage] : report.locations) {
        if (only && *only != number) continue;
        const auto at = std::ranges::find(known, number, &admin::StorageLocation::number);
        rows.push_back(row_of(at == known.end() ? std::to_string(number) : at->directory, usage));
        add(total, usage);
    }
    if (!only) {
        const std::string size = kb(report.kv.disk_bytes);
        rows.push_back({"index", "-", "-", size, size, "0"});
        total.file_bytes += report.kv.disk_bytes;
        total.live_bytes += report.kv.disk_bytes;
    }
    rows.push_back(row_of("Total", total));
    return columns({"storage", "files", "records", "size_KB", "used_KB", "free_KB"}, rows);
}

Reply show_information(Call& call) {
    return ok(information(call, std::nullopt));
}

/// Of the domain: where its new messages go.
std::optional<admin::StorageLocation> location_of_domain(Call& call) {
    const auto domain = call.shell.directory().domain(call.shell.domain());
    if (!domain) return std::nullopt;
    for (admin::StorageLocation& one : locations(call))
        if (one.number == domain->location) return std::move(one);
    return std::nullopt;
}

Reply list_domain_storages(Call& call) {
    auto place = location_of_domain(call);
    return ok(simple_list("Storages",
                          place ? std::vector<std::string>{uri_of(*place)} : std::vector<std::string>{}));
}

Reply show_domain_information(Call& call) {
    const auto domain = call.shell.directory().domain(call.shell.domain());
    if (!domain) return error("the domain is gone");
    return ok(information(call, domain->location));
}

Reply compact(Call& call) {
    auto result = admin::run(call.shell.admin(), "storage compact", admin::Json::object(),
                             [](std::string_view, int) {});
    if (!result) return error(result.error().what);
    Reply reply = ok();
    reply.text = fmt::format("command successful; {} KB before, {} KB after",
                             kb((*result)["bytes_before"].get<std::uint64_t>()),
                             kb((*result)["bytes_after"].get<std::uint64_t>()));
    return reply;
}

/// What an operation on the store has found.
Step<admin::Json> findings(Call& call, std::string_view operation, const admin::Json& arguments) {
    try {
        auto result = admin::run(call.shell.admin(), operation, arguments, until_stop(call.shell));
        if (!result) return std::unexpected(result.error().what);
        return std::move((*result)["findings"]);
    } catch (const admin::Cancelled& stopping) {
        return std::unexpected(std::string{stopping.what()});
    }
}

std::string line_of(const admin::Json& finding) {
    return fmt::format("{}: {}{}", finding["account"].get<std::string>(),
                       clean(finding["finding"].get<std::string>()),
                       finding["repaired"].get<bool>() ? " (repaired)" : "");
}

/// Everything is read, whoever it belongs to; told is what is about the domain.
Reply scan_domain(Call& call) {
    const auto domain = call.shell.directory().domain(call.shell.domain());
    if (!domain) return error("the domain is gone");
    const auto all = findings(call, "storage verify", admin::Json::object());
    if (!all) return error(all.error());
    const std::string accounts = "@" + domain->name,
                      publics = fmt::format("#{}", domain->public_account.value());
    std::vector<std::string> lines;
    for (const admin::Json& one : *all) {
        const auto owner = one["account"].get<std::string>();
        if (owner.ends_with(accounts) || owner == publics) lines.push_back(line_of(one));
    }
    return ok(simple_list("Findings", lines));
}

Reply repair_accounts(Call& call) {
    const auto domain = call.shell.directory().domain(call.shell.domain());
    if (!domain) return error("the domain is gone");
    std::vector<std::string> lines;
    for (const Word& word : call.given.rest()) {
        const auto found =
            findings(call, "storage repair", {{"account", fmt::format("{}@{}", word.text, domain->name)}});
        if (!found) return error(found.error());
        for (const admin::Json& one : *found) lines.push_back(line_of(one));
    }
    return ok(simple_list("Findings", lines));
}

}  // namespace

void add_domain_storage_commands(Context& domain) {
    domain.commands.push_back({"LIST Storages", "The directory that its new messages go to",
                               list_domain_storages, on_domain("manageDomainStorage")});
    domain.commands.push_back({"SHOW StorageInformation [details]",
                               "How much is stored in that directory, by all domains that use it, in KB",
                               show_domain_information, on_domain("manageDomainStorage")});
    domain.commands.push_back({"COMPACT All [forced]",
                               "Give space of deleted mail back to the file system, in all directories",
                               compact, on_domain("manageDomainStorage")});
    domain.commands.push_back({"SCAN ALL", "Read all mail, check it and tell what is wrong in the domain",
                               scan_domain, on_domain("manageDomainStorage")});
    domain.commands.push_back({"REPAIR Accounts <accounts>...",
                               "Rebuild these mailboxes as far as what is undamaged allows", repair_accounts,
                               on_domain("manageDomainStorage")});
}

void add_storage_commands(Context& server) {
    Need need = on_server("manageServerConfig");
    server.commands.push_back(
        {"LIST Storages [matchingURI <pattern>]", "Directories of messages", list_storages, need});
    server.commands.push_back(
        {"SHOW StorageInformation [details]", "How much is stored where, in KB", show_information, need});
    server.commands.push_back({"COMPACT ServerStorage [forced]",
                               "Give space of deleted mail back to the file system", compact, need});
}

}  // namespace postrider::cli
