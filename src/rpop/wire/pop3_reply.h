#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What a POP3 server says (RFC 1939, RFC 2449), read by a client. Pure.
namespace postrider::rpop {

struct Pop3Status {
    bool ok = false;
    std::string_view text;  ///< behind +OK or -ERR
};
std::optional<Pop3Status> parse_status(std::string_view line);

/// The time stamp of a greeting, for APOP: "<1896.697170952@dbc.mtview.ca.us>"; "" when there is none.
std::string_view apop_stamp(std::string_view greeting);

struct Listed {
    std::uint32_t number = 0;
    std::uint64_t size = 0;  ///< LIST
    std::string uid;         ///< UIDL: 1 to 255 octets 0x21-0x7e (RFC 1939 §7 says 70)
};
/// Lines of LIST and UIDL. At most `limit` are read; lines that are none are passed over.
std::vector<Listed> parse_sizes(std::string_view lines, std::size_t limit);
std::vector<Listed> parse_uids(std::string_view lines, std::size_t limit);

/// Lines of CAPA: whether one begins with that word (in any case).
bool has_capability(std::string_view lines, std::string_view word);

/// Text of a server as it may stand in a log or a status: one line, no controls, at most 200 octets.
std::string quoted_for_people(std::string_view text);

}  // namespace postrider::rpop
