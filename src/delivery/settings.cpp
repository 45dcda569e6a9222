#include "delivery/settings.h"

namespace postrider::delivery {
namespace {

using namespace settings;
using S = ProcessingSettings;
using queue::Attach;
using queue::Notice;

constexpr Choice attachments[] = {{"none", Attach::none}, {"header", Attach::header}, {"full", Attach::full}};

constexpr Setting<Notice> ndr_rows[] = {
    {.name = "sendNdr", .field = field<&Notice::send>, .help = "Whether such notices are sent at all."},
    {.name = "ndrSender",
     .field = field<&Notice::sender>,
     .range = {0, 320},
     .help = "Address in the From field of the notice. Its envelope sender is always empty.",
     .default_help = "MAILER-DAEMON at the server's name"},
    {.name = "ndrSubject",
     .field = field<&Notice::subject>,
     .range = {0, 500},
     .help =
         "Subject of the notice. This and the texts below may contain variables: %serverName%, %mailFrom%, "
         "%ndrRetryCount%, in a temporary notice also %ndrRemainingRetryCount% and %ndrRescheduleDate%.",
     .default_help = "Permanent failure notice, Temporary failure notice"},
    {.name = "ndrMessage",
     .field = field<&Notice::message>,
     .range = {0, 8192},
     .help = "Text before the list of recipients.",
     .default_help = "built in"},
    {.name = "ndrRcptMessage",
     .field = field<&Notice::rcpt_message>,
     .range = {0, 8192},
     .help = "Text for each recipient; also with %ndrRcptAddress% and %ndrRcptFailInfo%.",
     .default_help = "built in"},
    {.name = "ndrMessageFooter",
     .field = field<&Notice::footer>,
     .range = {0, 8192},
     .help = "Text behind the list of recipients.",
     .default_help = "built in"},
    {.name = "ndrAttachSource",
     .field = choice<&Notice::attach, attachments>,
     .help = "What of the message goes back: nothing, its header, or all of it where it failed for good. A "
             "sender who asked for the whole message (RET=FULL) or its header alone (RET=HDRS) gets that, "
             "unless it is none."},
};

constexpr Setting<Notice> dsn_rows[] = {
    {.name = "sendDsn",
     .field = field<&Notice::send>,
     .help = "Whether senders who ask for a notice of success (RFC 3461) get it."},
    {.name = "dsnSender",
     .field = field<&Notice::sender>,
     .range = {0, 320},
     .help = "Address in the From field of the notice.",
     .default_help = "MAILER-DAEMON at the server's name"},
    {.name = "dsnSubject",
     .field = field<&Notice::subject>,
     .range = {0, 500},
     .help = "Subject of the notice; with variables as in a failure notice.",
     .default_help = "Delivery notice"},
    {.name = "dsnMessage",
     .field = field<&Notice::message>,
     .range = {0, 8192},
     .help = "Text before the list of recipients.",
     .default_help = "built in"},
    {.name = "dsnRcptMessage",
     .field = field<&Notice::rcpt_message>,
     .range = {0, 8192},
     .help = "Text for each recipient; also with %dsnRcptAddress% and %dsnRcptStatus%.",
     .default_help = "built in"},
    {.name = "dsnMessageFooter",
     .field = field<&Notice::footer>,
     .range = {0, 8192},
     .help = "Text behind the list of recipients.",
     .default_help = "built in"},
    {.name = "dsnAttachSource",
     .field = choice<&Notice::attach, attachments>,
     .help = "Whether the header of the message goes back with the notice."},
};

TableOf<Notice> ndr_table() {
    return {ndr_rows, "notice", "A notice about mail that was not delivered."};
}
TableOf<Notice> dsn_table() {
    return {dsn_rows, "successNotice", "A notice about mail that was delivered."};
}

constexpr Setting<DelayRule> delay_rows[] = {
    {.name = "name",
     .field = field<&DelayRule::name>,
     .range = {1, 64},
     .help = "What the rule is called.",
     .required = true},
    {.name = "enable", .field = field<&DelayRule::enable>, .help = "Whether the rule counts."},
    {.name = "sender",
     .field = field<&DelayRule::sender>,
     .range = {0, 320},
     .help = "Mail from these addresses, with the wildcards * and ?; empty: from all."},
    {.name = "recipient",
     .field = field<&DelayRule::recipient>,
     .range = {0, 320},
     .help = "Mail to these addresses, with the wildcards * and ?; empty: to all."},
    {.name = "largerThan",
     .field = field<&DelayRule::larger_than_kb>,
     .range = {0, 2'000'000},
     .help = "Mail that is larger than this; 0: of every size.",
     .unit = "KB"},
    {.name = "fromTime",
     .field = field<&DelayRule::from>,
     .range = {0, 5},
     .help =
         "Mail that comes from this time of day on, HH:MM in the server's zone; empty: from midnight on."},
    {.name = "toTime",
     .field = field<&DelayRule::to>,
     .range = {0, 5},
     .help = "Mail that comes before this time of day; earlier than fromTime: of the next day."},
    {.name = "delay",
     .field = field<&DelayRule::delay>,
     .range = {0, 2'592'000},
     .help = "It waits so long.",
     .unit = "s"},
    {.name = "notBefore",
     .field = field<&DelayRule::not_before>,
     .range = {0, 5},
     .help = "It waits until this time of day, HH:MM, comes next; empty: it does not."},
};

TableOf<DelayRule> delay_table() {
    return {delay_rows, "delayRule",
            "Mail that is to wait before it is delivered. All that is given must hold."};
}

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
    {.name = "filteringThreads",
     .field = field<&S::filtering_threads>,
     .range = {1, 128},
     .help = "Messages for which scanners are asked at once while their senders wait for the answer. 256 "
             "more may wait for their turn; others are left to the queue."},
    {.name = "greylistingCache",
     .field = field<&S::greylisting_cache>,
     .range = {0, 1440},
     .help = "How long an answer of greylisting stays in memory before the store is asked again.",
     .unit = "min"},
    {.name = "messagesPerSecond",
     .field = field<&S::messages_per_second>,
     .range = {1, 1000},
     .help =
         "Messages that one mailbox takes in a second, 0 for any number. One that gets more takes none for "
         "disableInterval: senders are asked to try again.",
     .zero_too = true},
    {.name = "disableInterval",
     .field = field<&S::disable_interval>,
     .range = {0, 86'400},
     .help = "How long that lasts.",
     .unit = "s"},
    {.name = "permanentNdr",
     .field = object<&S::permanent_ndr, ndr_table>,
     .help = "What a sender gets when a message has failed for good."},
    {.name = "temporaryNdr",
     .field = object<&S::temporary_ndr, ndr_table>,
     .help = "What a sender gets when a message is late."},
    {.name = "ndrRetryCount",
     .field = field<&S::ndr_retry_count>,
     .range = {0, 1000},
     .help = "Failed attempts after which the sender gets the temporary notice, once for each recipient; 0: "
             "never."},
    {.name = "successDsn",
     .field = object<&S::success_dsn, dsn_table>,
     .help = "What a sender gets who asked to be told of success."},
    {.name = "maxQueueSize",
     .field = field<&S::max_queue_size>,
     .range = {0, 100'000'000},
     .help =
         "Messages in the queue beyond which mail for other hosts is refused for now (452); 0: as many as "
         "the disk takes. Mail for folders of ours is not concerned."},
    {.name = "queuePath",
     .field = field<&S::queue_path>,
     .range = {0, 1024},
     .help = "For compatibility only: the queue lies in the store of the working directory, next to the "
             "messages, not in a directory of its own."},
    {.name = "queueEntryCount",
     .field = field<&S::queue_entry_count>,
     .range = {1, 256},
     .help = "For compatibility only: the queue has no sub-directories."},
    {.name = "procQueueSize",
     .field = field<&S::proc_queue_size>,
     .range = {1, 65536},
     .help = "For compatibility only: what waits is on disk, and only what is being worked on is in memory."},
    {.name = "delayRules",
     .field = object_set<&S::delay_rules, delay_table>,
     .help = "Mail that waits before it is delivered; for each recipient the first rule that holds counts.",
     .key = "name"},
};

}  // namespace

RetrySchedule ProcessingSettings::schedule() const {
    RetrySchedule schedule;
    schedule.first = first_retry;
    schedule.longest = std::max(first_retry, longest_retry);
    schedule.max_attempts = max_retry_count;
    schedule.tell_after = ndr_retry_count;
    return schedule;
}

ProcessingOptions ProcessingSettings::options(std::string host) const {
    ProcessingOptions options;
    options.host = std::move(host);
    options.schedule = schedule();
    options.reports = {permanent_ndr, temporary_ndr, success_dsn};
    options.threads = delivery_threads;
    return options;
}

TableOf<ProcessingSettings> processing_table() {
    return {rows, "processing", "What happens to mail between its reception and its delivery."};
}

}  // namespace postrider::delivery
