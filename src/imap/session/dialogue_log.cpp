#include "imap/session/connection.h"
#include "imap/wire/literal_skip.h"

namespace postrider::imap {

/// One line for a command, its literals left out: the log masks what is secret in the rest.
void Connection::log_received(std::string_view command) {
    const observe::Logger& log = client_.services.log;
    if (!log.on(observe::Level::protocol)) return;
    std::string line;
    while (!command.empty()) {
        line += next_line(command);
        if (!command.empty()) line += ' ';
    }
    log.received(client_.id, line);
}

void Connection::log_sent(std::string_view replies) {
    const observe::Logger& log = client_.services.log;
    if (!log.on(observe::Level::protocol)) return;
    while (!replies.empty()) log.sent(client_.id, next_line(replies));
}

}  // namespace postrider::imap
