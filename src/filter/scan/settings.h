#pragma once

#include <chrono>
#include <string>
#include <vector>

#include "settings/common.h"

namespace postrider::filter {

/// What becomes of a message.
enum class Action : std::uint8_t {
    pass,        ///< it goes on to the next filter
    discard,     ///< it goes nowhere, and nobody is told
    reject,      ///< it goes back to its sender
    quarantine,  ///< it waits for an administrator
    requeue,     ///< the scanner could not tell: the whole chain is repeated later
};

/// What follows from a level: the row with the highest level that is reached counts.
struct LevelAction {
    unsigned level = 10;
    Action action = Action::reject;
};

/// One element of socketFilters: a scanner that listens on a socket.
struct SocketFilter {
    std::string name;
    std::string address;
    std::string protocol_file;
    std::chrono::seconds idle_timeout{300};
    Action action_on_match = Action::reject;
    unsigned max_connections = 10;
    std::uint32_t max_message_size = 10240;  ///< KB

    std::chrono::seconds connect_timeout{5};
    std::chrono::seconds read_timeout{60};
    std::chrono::seconds request_timeout{120};
    Action action_on_failure = Action::requeue;
    std::vector<LevelAction> level_actions;
};

struct NameValue {
    std::string name, value;
};

/// One element of integratedFilters: a program that the server starts.
struct IntegratedFilter {
    enum class Type : std::uint8_t { external_command, managed_command };
    std::string name;
    bool enable = true;
    Type type = Type::external_command;
    std::string command;
    std::chrono::seconds request_timeout{0};
    std::vector<NameValue> config_params;

    Action action_on_match = Action::reject;
    Action action_on_failure = Action::requeue;
    unsigned max_processes = 4;
    std::uint32_t max_message_size = 10240;  ///< KB
    std::vector<LevelAction> level_actions;
};

/// filters = { ... }
struct FiltersSettings {
    settings::LogProducerSettings log;  ///< of what there is to say of the scanners themselves
    std::vector<IntegratedFilter> integrated_filters;
};

struct ScannerSettings {
    std::vector<SocketFilter> socket_filters;
    FiltersSettings filters;
};

/// The rows socketFilters and filters, to be inlined in Server.
settings::TableOf<ScannerSettings> scanner_table();

}  // namespace postrider::filter
