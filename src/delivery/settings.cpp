#include "delivery/settings.h"

namespace postrider::delivery {
namespace {

using namespace settings;
using S = ProcessingSettings;

constexpr Setting<S> rows[] = {
    {.field = inlined<&S::log, log_producer_table>},
    {.name = "schedInterval",
     .field = field<&S::first_retry>,
     .range = {1, 86'400},
     .help = "Wait after the first failed attempt; it doubles with each further one.",
     .unit = "s"},
    {.name = "maxSchedInterval",
     .field = field<&S::longest_retry>,
     .range = {5, 86'400},
     .help = "Longest wait between two attempts.",
     .unit = "s"},
    {.name = "maxRetryCount",
     .field = field<&S::max_retry_count>,
     .range = {1, 1000},
     .help = "Attempts after which a message is returned to its sender."},
    {.name = "deliveryThreads",
     .field = field<&S::delivery_threads>,
     .range = {1, 128},
     .help = "Queued messages that are worked on at once."},
    {.name = "messagesPerSecond",
     .field = field<&S::messages_per_second>,
     .range = {1, 1000},
     .help = "Messages that one mailbox takes in a second, 0 for any number. One that gets more takes none for "
             "disableInterval: senders are asked to try again.",
     .zero_too = true,
     .restart = true},
    {.name = "disableInterval",
     .field = field<&S::disable_interval>,
     .range = {0, 86'400},
     .help = "How long that lasts.",
     .unit = "s",
     .restart = true},
};

}  // namespace

RetrySchedule ProcessingSettings::schedule() const {
    RetrySchedule schedule;
    schedule.first = first_retry;
    schedule.longest = std::max(first_retry, longest_retry);
    schedule.max_attempts = max_retry_count;
    return schedule;
}

ProcessingOptions ProcessingSettings::options(std::string host) const {
    ProcessingOptions options;
    options.host = std::move(host);
    options.schedule = schedule();
    options.threads = delivery_threads;
    return options;
}

TableOf<ProcessingSettings> processing_table() {
    return {rows, "processing", "What happens to mail between its reception and its delivery."};
}

}  // namespace postrider::delivery
