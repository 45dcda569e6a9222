#include "filter/confirm/settings.h"

namespace postrider::filter {
namespace {

using namespace settings;

using S = ConfirmSettings;
constexpr Setting<S> rows[] = {
    {.name = "enable",
     .field = field<&S::enable>,
     .help = "Whether accounts may ask strangers who they are (allowIdentityConfirmation, "
             "identityConfirmation)."},
    {.name = "challengesPerHour",
     .field = field<&S::challenges_per_hour>,
     .range = {0, 1'000'000},
     .help = "So many questions the server sends in an hour at most; mail for which none can be sent waits "
             "all the "
             "same."},
    {.name = "challengesPerAccount",
     .field = field<&S::challenges_per_account>,
     .range = {0, 100'000},
     .help = "So many for one account in a day."},
    {.name = "challengesPerSender",
     .field = field<&S::challenges_per_sender>,
     .range = {0, 1000},
     .help = "So many to one address in a day, from all accounts together: forged mail must not turn the "
             "server against "
             "somebody."},
};

}  // namespace

TableOf<ConfirmSettings> confirm_table() {
    return {rows, "identityConfirmation", "Strangers are asked to confirm who they are."};
}

}  // namespace postrider::filter
