#include <fmt/core.h>

#include "cli/contexts/branches.h"
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

Reply show_information(Call& call) {
    const auto report = call.shell.admin().store.report();
    const auto known = locations(call);
    std::vector<Row> rows;
    container::Usage total{};
    for (const auto& [number, usage] : report.locations) {
        std::string name = std::to_string(number);
        for (const admin::StorageLocation& one : known)
            if (one.number == number) name = one.directory;
        for (char& c : name)
            if (c == ' ') c = '_';  // columns are told apart by blanks
        rows.push_back({name, std::to_string(usage.files), std::to_string(usage.records),
                        kb(usage.file_bytes), kb(usage.live_bytes), kb(usage.free_bytes)});
        total.files += usage.files;
        total.records += usage.records;
        total.file_bytes += usage.file_bytes;
        total.live_bytes += usage.live_bytes;
        total.free_bytes += usage.free_bytes;
    }
    rows.push_back({"index", "-", "-", kb(report.kv.disk_bytes), kb(report.kv.disk_bytes), "0"});
    rows.push_back({"Total", std::to_string(total.files), std::to_string(total.records),
                    kb(total.file_bytes + report.kv.disk_bytes), kb(total.live_bytes + report.kv.disk_bytes),
                    kb(total.free_bytes)});
    return ok(columns({"storage", "files", "records", "size_KB", "used_KB", "free_KB"}, rows));
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

}  // namespace

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
