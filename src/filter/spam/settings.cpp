#include "filter/spam/settings.h"

namespace postrider::filter {
namespace {

using namespace settings;

using S = SpamSettings;
constexpr Setting<S> rows[] = {
    {.name = "enable",
     .field = field<&S::enable>,
     .help = "Whether mail from outside gets a spam level (1 to 10) from the server's own filter, which "
             "learns from what "
             "people do with their mail."},
    {.name = "learnFromMoves",
     .field = field<&S::learn_from_moves>,
     .help = "Messages that people move into their Junk folder are learned as spam, those that they move out "
             "of it to "
             "other folders than the Trash as wanted."},
    {.name = "usersTrainServer",
     .field = field<&S::users_train_server>,
     .help = "What is learned from one account counts a little for all; otherwise for that account alone."},
    {.name = "dailyShare",
     .field = field<&S::daily_share>,
     .range = {0, 10'000},
     .help =
         "So many messages of one account a day count for all, so that nobody alone decides what spam is."},
    {.name = "heuristics",
     .field = field<&S::heuristics>,
     .help = "Whether signs that need no learning count too: what only programs for unwanted mail do."},
};

}  // namespace

TableOf<SpamSettings> spam_table() {
    return {rows, "spamFilter", "The built-in statistical filter."};
}

}  // namespace postrider::filter
