#include "cli/settings.h"

namespace postrider::cli {
namespace {

using namespace settings;
using S = CliSettings;

constexpr Setting<S> rows[] = {
    {.field = inlined<&S::service, service_table>},
    {.name = "listeners",
     .field = object_set<&S::listeners, listener_table, S::default_listener>,
     .help = "Where administrators may connect.",
     .key = "address"},
    {.name = "maxAuthCommands",
     .field = field<&S::max_auth_commands>,
     .range = {0, 100},
     .help = "Commands before log-in, wrong or not, after which a session is closed; 0 for no limit."},
};

}  // namespace

ListenerSettings CliSettings::default_listener() {
    ListenerSettings listener;
    listener.address = "127.0.0.1:7000";
    return listener;
}

TableOf<CliSettings> cli_table() {
    return {rows, "cli", "The command line interface: administration by a dialogue of lines."};
}

}  // namespace postrider::cli
