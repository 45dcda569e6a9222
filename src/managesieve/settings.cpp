#include "managesieve/settings.h"

namespace postrider::managesieve {
namespace {

using namespace settings;

ListenerSettings default_listener() {
    ListenerSettings listener;
    listener.address = "127.0.0.1:4190";
    return listener;
}

using S = ManageSieveSettings;
constexpr Setting<S> rows[] = {
    {.field = inlined<&S::service, service_table>},
    {.name = "listeners",
     .field = object_set<&S::listeners, listener_table, default_listener>,
     .help = "Where ManageSieve is spoken.",
     .key = "address"},
    {.field = inlined<&S::login, auth::login_table>},
};

}  // namespace

TableOf<ManageSieveSettings> managesieve_table() {
    return {rows, "manageSieve", "ManageSieve: people keep their filtering scripts here."};
}

}  // namespace postrider::managesieve
