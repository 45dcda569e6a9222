#include <fmt/core.h>

#include <algorithm>

#include "cli/contexts/branches.h"
#include "cli/wire/layout.h"
#include "cli/wire/storage_uri.h"
#include "cli/wire/wildcard.h"

/// What is stored where.
namespace postrider::cli {
namespace {

std::string kb(std::uint64_t octets) {
    return std::to_string((octets + 1023) / 1024);
}

std::vector<admin::StorageLocation> locations(Call& call) {
    auto& known = call.shell.admin().locations;
    return known ? known() : std::vector<admin::StorageLocation>{};
}

Reply list_storages(Call& call) {
    std::vector<std::string> rows;
    for (const admin::StorageLocation& one : locations(call))
        if (std::string uri = storage_uri(one); matches_wildcard(call.given.text("pattern"), uri))
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

/// @param only  of these locations; none: of all, and of what is not messages
std::string information(Call& call, const std::vector<std::uint16_t>& only) {
    const auto report = call.shell.admin().store.report();
    const auto known = locations(call);
    std::vector<Row> rows;
    container::Usage total{};
    for (const auto& [number, usage] : report.locations) {
        if (!only.empty() && std::ranges::find(only, number) == only.end()) continue;
        const auto at = std::ranges::find(known, number, &admin::StorageLocation::number);
        rows.push_back(row_of(at == known.end() ? std::to_string(number) : at->directory, usage));
        add(total, usage);
    }
    if (only.empty()) {
        const std::string size = kb(report.kv.disk_bytes);
        rows.push_back({"index", "-", "-", size, size, "0"});
        total.file_bytes += report.kv.disk_bytes;
        total.live_bytes += report.kv.disk_bytes;
    }
    rows.push_back(row_of("Total", total));
    return columns({"storage", "files", "records", "size_KB", "used_KB", "free_KB"}, rows);
}

Reply show_information(Call& call) {
    return ok(information(call, {}));
}

Reply list_domain_storages(Call& call) {
    const auto domain = call.shell.directory().domain(call.shell.domain());
    if (!domain) return error("the domain is gone");
    return ok(simple_list("Storages", messages_locations(call.shell, *domain)));
}

Reply show_domain_information(Call& call) {
    const auto domain = call.shell.directory().domain(call.shell.domain());
    if (!domain) return error("the domain is gone");
    return ok(information(call, domain->locations));
}

}  // namespace

std::string storage_uri(const admin::StorageLocation& one) {
    StorageUri uri;
    uri.path = one.directory;
    uri.max_files = one.max_files;
    uri.max_file_size_kb = static_cast<std::uint32_t>(one.max_file_bytes / 1024);
    uri.read_only = one.read_only;
    return print(uri);
}

std::vector<std::string> messages_locations(Shell& shell, const directory::Domain& domain) {
    std::vector<std::string> uris;
    const auto& known = shell.admin().locations;
    if (!known) return uris;
    const auto all = known();
    for (const std::uint16_t number : domain.locations)
        if (const auto at = std::ranges::find(all, number, &admin::StorageLocation::number); at != all.end())
            uris.push_back(storage_uri(*at));
    return uris;
}

void add_domain_storage_commands(Context& domain) {
    domain.commands.push_back({"LIST Storages", "The directories that its new messages go to",
                               list_domain_storages, on_domain("manageDomainStorage")});
    domain.commands.push_back({"SHOW StorageInformation [details]",
                               "How much is stored in those directories, by all domains that use them, in KB",
                               show_domain_information, on_domain("manageDomainStorage")});
    add_domain_care_commands(domain);
}

void add_storage_commands(Context& server) {
    Need need = on_server("manageServerConfig");
    server.commands.push_back(
        {"LIST Storages [matchingURI <pattern>]", "Directories of messages", list_storages, need});
    server.commands.push_back(
        {"SHOW StorageInformation [details]", "How much is stored where, in KB", show_information, need});
    add_care_commands(server, need);
}

}  // namespace postrider::cli
