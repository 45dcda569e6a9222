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

}  // namespace

void add_processing_commands(Context& processing) {
    processing.commands.push_back({"SHOW Statistics", "What waits, and what has been done since the start",
                                   show_statistics, processing.need});
}

}  // namespace postrider::cli
