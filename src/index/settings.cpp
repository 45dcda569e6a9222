#include "index/settings.h"

namespace postrider::index {
namespace {

using namespace settings;
using S = IndexSettings;

constexpr Setting<S> rows[] = {
    {.name = "enabled",
     .field = field<&S::enabled>,
     .help =
         "Whether messages are indexed. Without, searching for a text reads every message of the folder."},
    {.name = "delay",
     .field = field<&S::delay>,
     .range = {1, 3600},
     .help = "How long after a message has arrived its account is indexed; what arrives meanwhile is done in "
             "one go. While more than a thousand messages a second arrive, up to a minute more. Until "
             "then a search looks at the message itself.",
     .unit = "s"},
    {.name = "attachments",
     .field = field<&S::attachments>,
     .help = "Whether the text of attached PDF and office documents is found by SEARCH BODY and TEXT too, "
             "once they are "
             "indexed. They are read by a process of its own, which can do nothing else. A change counts for "
             "what is indexed from then on."},
};

}  // namespace

TableOf<IndexSettings> index_table() {
    return {rows, "index", "Searching for texts."};
}

}  // namespace postrider::index
