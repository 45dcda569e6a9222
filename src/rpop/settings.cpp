#include "rpop/settings.h"

namespace postrider::rpop {
namespace {

using namespace settings;
using S = RpopSettings;

constexpr Setting<S> rows[] = {
    {.field = inlined<&S::log, log_producer_table>},
    {.name = "maxConnThreads",
     .field = field<&S::max_threads>,
     .range = {1, 128},
     .help = "Mailboxes elsewhere from which mail is fetched at once."},
    {.name = "minConnThreads",
     .field = field<&S::min_threads>,
     .range = {1, 128},
     .help = "Threads that are kept for that."},
    {.name = "maxMessageSize",
     .field = field<&S::max_message_size>,
     .range = {1, 2'000'000},
     .help = "Largest message that is fetched; larger ones stay where they are.",
     .unit = "KB"},
};

}  // namespace

TableOf<RpopSettings> rpop_table() {
    return {rows, "rpop", "Fetching mail from mailboxes elsewhere (POP3, IMAP)."};
}

}  // namespace postrider::rpop
