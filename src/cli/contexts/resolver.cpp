#include <fmt/core.h>

#include "cli/contexts/branches.h"
#include "cli/contexts/settings_commands.h"
#include "cli/wire/layout.h"

/// Questions to the DNS, asked as the server asks them.
namespace postrider::cli {
namespace {

Reply query_dns(Call& call) {
    std::string name = call.given.text("name");
    auto result =
        admin::run(call.shell.admin(), "dns query", admin::Json{{"type", call.subject}, {"name", name}},
                   [](std::string_view, int) {});
    if (!result) return error(result.error().what);
    const std::string outcome = (*result)["outcome"].get<std::string>();
    std::vector<std::string> rows;
    for (const auto& record : (*result)["records"])
        rows.push_back(record.is_string() ? record.get<std::string>() : record.dump());
    Reply reply = ok(simple_list(call.subject + " records of " + (*result)["name"].get<std::string>(), rows));
    reply.text = "command successful; " + outcome;
    return reply;
}

Reply empty_cache(Call& call) {
    auto result =
        admin::run(call.shell.admin(), "dns flush", admin::Json::object(), [](std::string_view, int) {});
    if (!result) return error(result.error().what);
    return ok();
}

/// All name servers; those of the operating system are asked again.
Reply remove_all(Call& call) {
    SettingsFrame& frame = settings_frame_of(call);
    for (;;) {
        void* object = frame.holder();
        if (object == nullptr) return error("there is no resolver any longer");
        const auto places = settings::open(frame.table(), object);
        const settings::Place* set = settings::find(places, "nameServers");
        if (set == nullptr || set->row.field.size(set->object) == 0) return ok();
        settings::Value key;
        key.words.push_back({key_of(*set, 0), 0});
        if (auto gone = frame.edit({SettingsEdit::Kind::remove, frame.path(), "nameServers", key}); !gone)
            return error(gone.error());
    }
}

}  // namespace

void add_resolver_commands(Context& resolver, Need need) {
    for (std::string type : {"A", "AAAA", "MX", "NS", "TXT", "PTR"})
        resolver.commands.push_back(
            {fmt::format("QUERY {} <name>", type), "Ask as the server does", query_dns, need, type});
    resolver.commands.push_back(
        {"REMOVE All", "No name servers but those of the operating system", remove_all, need});
    resolver.commands.push_back({"EMPTYCACHE", "Forget all answers", empty_cache, need});
}

}  // namespace postrider::cli
