#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace postrider::screening {

/// Who may send to whom.
enum class Who : std::uint8_t { none, auth, all };

/// What one session may do: the settings of the service, until a policy says otherwise.
struct Allowances {
    std::uint32_t max_data_size = 10240;  ///< KB
    unsigned max_rcpt_count = 1000;
    unsigned max_received_headers = 30;
    unsigned wait_processing_timeout = 10;  ///< s, for scanners before the answer to a message
    bool allow_start_tls = true;
    bool allow_8bit_mime = true;
    bool allow_binary_data = true;
    bool allow_pipelining = true;
    bool allow_dsn = true;
    Who remote_delivery = Who::auth;
    Who local_delivery = Who::all;
};

/// What becomes of a command or a message.
struct Decision {
    enum class Action : std::uint8_t {
        none,       ///< what else the server has to say about it counts
        accept,     ///< taken whatever the settings say
        reject,     ///< for good
        tmpreject,  ///< for now
        discard,    ///< answered as if taken, and dropped
    };
    Action action = Action::none;
    int code = 0;        ///< of refusals
    std::string status;  ///< enhanced code, RFC 3463
    std::string text;    ///< one line; of accept "" when nobody said anything

    bool refuses() const { return action == Action::reject || action == Action::tmpreject; }
};

/// What is to be done to a message, beside taking it.
struct Wishes {
    std::vector<std::string> add, drop;     ///< recipients, as a policy named them
    std::uint32_t delay = 0;                ///< seconds that it waits
    std::string prefix;                     ///< header lines to be put above our own trace
    std::optional<std::string> message;     ///< to be stored instead
    std::optional<std::string> sender;      ///< another reverse path, "" = null
    std::optional<std::string> quarantine;  ///< it waits for an administrator, and why
};

}  // namespace postrider::screening
