#include <fmt/core.h>

#include "cli/contexts/branches.h"
#include "cli/wire/layout.h"
#include "queue/survey.h"

/// What the queue holds and what has been done with it.
namespace postrider::cli {
namespace {

Reply show_statistics(Call& call) {
    admin::Context& admin = call.shell.admin();
    auto seen = step(queue::survey(admin.queue, admin.clock.now()));
    if (!seen) return error(seen.error());
    NamedValues values{{"Messages in queue", std::to_string(seen->messages)},
                       {"Recipients waiting", std::to_string(seen->recipients)},
                       {"Queue size (KB)", std::to_string((seen->octets + 1023) / 1024)},
                       {"Oldest message (seconds)", std::to_string(seen->oldest.count())}};
    for (const auto& [state, count] : seen->states)
        values.emplace_back(fmt::format("Messages {}", state), std::to_string(count));
    // What was counted since the start.
    const auto all = admin.metrics.list();
    for (const observe::Metric& one : all)
        if (one.name.starts_with("delivery.")) values.emplace_back(one.help, std::to_string(one.value));
    return ok(attributes("the processing statistics", values));
}

Reply show_index_jobs(Call& call) {
    auto status =
        admin::run(call.shell.admin(), "index status", admin::Json::object(), [](std::string_view, int) {});
    if (!status) return error(status.error().what);
    return ok(attributes("the search index",
                         NamedValues{{"Accounts waiting", (*status)["waiting_accounts"].dump()},
                                     {"Messages waiting", (*status)["waiting_messages"].dump()},
                                     {"Messages indexed", (*status)["indexed_since_start"].dump()}}));
}

}  // namespace

void add_processing_commands(Context& processing) {
    processing.commands.push_back({"SHOW Statistics", "What waits, and what has been done since the start",
                                   show_statistics, processing.need});
    processing.commands.push_back(
        {"SHOW SearchIndexJobs",
         "Accounts that have changed since they were indexed, messages of the one that "
         "is indexed now, and what was done since the start",
         show_index_jobs, processing.need});
}

}  // namespace postrider::cli
