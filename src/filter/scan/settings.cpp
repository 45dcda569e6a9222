#include "filter/scan/settings.h"

namespace postrider::filter {
namespace {

using namespace settings;

constexpr Choice match_actions[] = {{"discard", Action::discard},
                                    {"pass", Action::pass},
                                    {"reject", Action::reject},
                                    {"quarantine", Action::quarantine}};
constexpr Choice failure_actions[] = {{"requeue", Action::requeue}, {"pass", Action::pass}};
constexpr Choice types[] = {{"externalCommand", IntegratedFilter::Type::external_command},
                            {"managedCommand", IntegratedFilter::Type::managed_command}};

constexpr std::string_view match_help =
    "What becomes of a message in which the scanner has found something. pass: the next filter has it, and "
    "rules "
    "may decide by its headers; quarantine: it waits in the queue for an administrator.";
constexpr std::string_view failure_help =
    "What becomes of a message when the scanner is down or cannot tell. requeue: it stays in the queue and "
    "all "
    "its filters are repeated later; pass: it goes on unscanned.";
constexpr std::string_view levels_help =
    "What becomes of a message by its level, before actionOnMatch: the row with the highest level that is "
    "reached counts.";
constexpr std::string_view size_help = "Larger messages go on unscanned; 0: none is too large.";

constexpr Setting<LevelAction> level_rows[] = {
    {.name = "level",
     .field = field<&LevelAction::level>,
     .range = {1, 10},
     .help = "From this spam level (1 to 10) or virus level (1 to 5) on, as the scanner says it.",
     .required = true},
    {.name = "action", .field = choice<&LevelAction::action, match_actions>, .help = "What follows."},
};

TableOf<LevelAction> level_table() {
    return {level_rows, "levelAction", "What follows from a level."};
}

using F = SocketFilter;
constexpr Setting<F> socket_rows[] = {
    {.name = "name",
     .field = field<&F::name>,
     .range = {1, 64},
     .help = "What the filter is called where it is activated, and in logs.",
     .required = true},
    {.name = "address",
     .field = field<&F::address>,
     .range = {1, 320},
     .help = "Where the scanner listens: inet://host:port or local:///path.",
     .required = true},
    {.name = "protocolFile",
     .field = field<&F::protocol_file>,
     .range = {1, 1024},
     .help =
         "How to talk to it: a file that describes the dialogue, or one of clam-av.afsl, spamassassin.afsl "
         "and rspamd.afsl without a directory, whose protocols are built in.",
     .format = Format::path,
     .required = true},
    {.name = "idleTimeout",
     .field = field<&F::idle_timeout>,
     .range = {0, 86'400},
     .help = "Unused connections are closed after so long; 0: never.",
     .unit = "s"},
    {.name = "actionOnMatch", .field = choice<&F::action_on_match, match_actions>, .help = match_help},
    {.name = "maxConnections",
     .field = field<&F::max_connections>,
     .range = {0, 32},
     .help = "Messages that are scanned at once; further ones wait. 0: any number."},
    {.name = "maxMessageSize",
     .field = field<&F::max_message_size>,
     .range = {0, 2'000'000},
     .help = size_help,
     .unit = "KB"},
    {.name = "connectTimeout",
     .field = field<&F::connect_timeout>,
     .range = {1, 300},
     .help = "How long a connection may take to come about.",
     .unit = "s"},
    {.name = "readTimeout",
     .field = field<&F::read_timeout>,
     .range = {1, 3600},
     .help = "How long the scanner may be silent, or take nothing of the message.",
     .unit = "s"},
    {.name = "requestTimeout",
     .field = field<&F::request_timeout>,
     .range = {1, 3600},
     .help = "How long one message may take in all, the wait for a connection included.",
     .unit = "s"},
    {.name = "actionOnFailure",
     .field = choice<&F::action_on_failure, failure_actions>,
     .help = failure_help},
    {.name = "levelActions",
     .field = object_set<&F::level_actions, level_table>,
     .range = {0, 10},
     .help = levels_help,
     .key = "level"},
};

TableOf<F> socket_table() {
    return {socket_rows, "socketFilter", "A scanner that listens on a socket."};
}

constexpr Setting<NameValue> parameter_rows[] = {
    {.name = "name",
     .field = field<&NameValue::name>,
     .range = {1, 64},
     .help = "Letters, digits and underscores.",
     .required = true},
    {.name = "value", .field = field<&NameValue::value>, .range = {0, 4096}, .help = "Any text."},
};

TableOf<NameValue> parameter_table() {
    return {parameter_rows, "configParam", "A value that is handed to a program."};
}

using I = IntegratedFilter;
constexpr Setting<I> integrated_rows[] = {
    {.name = "name",
     .field = field<&I::name>,
     .range = {1, 64},
     .help = "What the filter is called where it is activated, and in logs.",
     .required = true},
    {.name = "enable", .field = field<&I::enable>, .help = "Off: the filter passes everything."},
    {.name = "type",
     .field = choice<&I::type, types>,
     .help = "externalCommand: a program that is started for each message. managedCommand: one that is kept "
             "and gets messages one after the other; the manual's chapter on scanners has its protocol."},
    {.name = "command",
     .field = field<&I::command>,
     .range = {1, 4096},
     .help =
         "The program by its full path, and its arguments, separated by blanks; quotes keep blanks together. "
         "No shell reads it. The message comes on its standard input. It ends with 0: nothing found, 1: "
         "found; "
         "anything else is a failure. The first line that it prints is logged.",
     .required = true},
    {.name = "requestTimeout",
     .field = field<&I::request_timeout>,
     .range = {0, 3600},
     .help = "How long it may take; 0: an hour. Then it is ended.",
     .unit = "s"},
    {.name = "configParams",
     .field = object_set<&I::config_params, parameter_table>,
     .range = {0, 64},
     .help =
         "Handed to the program as environment variables FILTER_name; beside them it finds QUEUE_ID, SENDER, "
         "RECIPIENTS (one per line), CLIENT, HELO, AUTHENTICATED and a PATH.",
     .key = "name"},
    {.name = "actionOnMatch", .field = choice<&I::action_on_match, match_actions>, .help = match_help},
    {.name = "actionOnFailure",
     .field = choice<&I::action_on_failure, failure_actions>,
     .help = failure_help},
    {.name = "maxProcesses",
     .field = field<&I::max_processes>,
     .range = {1, 32},
     .help = "Messages that are scanned at once; further ones wait."},
    {.name = "maxMessageSize",
     .field = field<&I::max_message_size>,
     .range = {0, 2'000'000},
     .help = size_help,
     .unit = "KB"},
    {.name = "levelActions",
     .field = object_set<&I::level_actions, level_table>,
     .range = {0, 10},
     .help = levels_help,
     .key = "level"},
};

TableOf<I> integrated_table() {
    return {integrated_rows, "integratedFilter", "A program that looks at messages."};
}

constexpr Setting<FiltersSettings> filters_rows[] = {
    {.field = inlined<&FiltersSettings::log, log_producer_table>},
    {.name = "integratedFilters",
     .field = object_set<&FiltersSettings::integrated_filters, integrated_table>,
     .range = {0, 64},
     .help = "Programs that look at messages where they are activated.",
     .key = "name"},
};

TableOf<FiltersSettings> filters_table() {
    return {filters_rows, "filters", "Filters that are programs of their own."};
}

using S = ScannerSettings;
constexpr Setting<S> rows[] = {
    {.name = "socketFilters",
     .field = object_set<&S::socket_filters, socket_table>,
     .range = {0, 64},
     .help =
         "Scanners for viruses and spam that listen on sockets. They look at mail where they are activated.",
     .key = "name"},
    {.name = "filters",
     .field = object<&S::filters, filters_table>,
     .help = "Filters that are programs of their own."},
};

}  // namespace

TableOf<ScannerSettings> scanner_table() {
    return {rows, "scanners", "Companions that look at messages."};
}

}  // namespace postrider::filter
