#pragma once

#include <ctime>
#include <optional>
#include <string>
#include <string_view>

#include "observe/log.h"

/// The text of log lines: "YYYY-MM-DD hh:mm:ss +zzzz LL hostname MODULE:ID: text".
namespace postrider::observe {

/// Texts are cut to this many octets, so that one line of a client cannot fill the queue.
inline constexpr std::size_t max_text = 16'384;

/// Local time as lines show it; remembers the second it formatted last.
class DateText {
public:
    /// "2026-07-06 13:10:08 +0545"; good until the next call.
    std::string_view operator()(Time time);

private:
    std::time_t second_ = -1;
    char text_[40] = {};
    std::size_t size_ = 0;
};

/// Control characters (also C1 in UTF-8) as \r, \n, \t, \xNN: one event is one line.
void append_escaped(std::string& out, std::string_view text);

/// A line without its date and line end: "08 mx IMAP:0000001F: text".
void append_rest(std::string& out, Level level, std::string_view host, std::string_view module, LogId id,
                 std::string_view text);

/// A line that came from another server. Views into the datagram.
struct ReceivedLine {
    std::optional<Time> time;  ///< nothing for the old date form, which names no year
    Level level = Level::info;
    std::string_view host;
    std::string_view module;
    LogId id;
    std::string_view text;
};

/// Reads "date [level] hostname module:id: text", date in the present form or the old one
/// ("MM-DD hh:mm:ss zzzz"). The level is missing in old datagrams and then counts as info.
std::optional<ReceivedLine> parse_line(std::string_view line);

/// When a line was written, from its first 25 octets in the present date form.
std::optional<Time> parse_date(std::string_view line);

}  // namespace postrider::observe
