#pragma once

#include <string>
#include <string_view>

#include "imap/wire/cursor.h"

namespace postrider::imap {

/// command = tag SP verb [SP arguments]                                                   RFC 9051 §9
/// Views point into the parsed text.
struct Command {
    std::string_view tag;
    std::string verb;       ///< in capitals; "UID FETCH" for the UID commands
    std::string_view args;  ///< what follows the verb and its space
    bool uid = false;       ///< the verb began with "UID "
};

inline constexpr std::size_t max_tag =
    64;  ///< longer ones are no tag: they would be repeated in every answer

Parsed<Command> parse_command(std::string_view text);

/// The tag alone, "*" when there is none that could be answered: for commands that cannot be read.
std::string_view tag_of(std::string_view text);

}  // namespace postrider::imap
