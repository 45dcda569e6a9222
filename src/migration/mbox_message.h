#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "migration/found.h"

/// One message of an mbox file (RFC 4155, and the habits of c-client and Dovecot). Pure.
namespace postrider::migration {

/// Where the message that begins at data[0] with its "From " line ends: the next one's "From " line, or the
/// end.
/// @param at_end   nothing follows the data
/// @param scanned  how far earlier calls with less data have looked; kept by the caller, 0 at first
/// @return nullopt when more data is needed
std::optional<std::size_t> mbox_message_end(std::string_view data, bool at_end, std::size_t& scanned);

/// "From sender date": a line that begins a message.
bool is_from_line(std::string_view line);
/// Its date, in this machine's time zone unless it names one; seconds since 1970.
std::optional<std::int64_t> from_line_date(std::string_view line);

struct MboxMessage {
    FoundMessage message;
    bool pseudo = false;  ///< c-client's own, at the front of the file: holds X-IMAP only
    std::uint32_t uid_validity = 0, last_uid = 0;  ///< X-IMAPbase or X-IMAP
};
/// Reads what mbox_message_end() has delimited. Status, X-Status, X-Keywords, X-UID, X-IMAPbase, X-IMAP and
/// Content-Length leave the header.
MboxMessage parse_mbox_message(std::string_view data, Quoting quoting);

/// Writes a message as mbox (mboxrd), with the header lines that parse_mbox_message() takes out again.
/// @param base  "uidvalidity lastuid keywords" in the first message of a folder, else ""
std::string mbox_text(std::string_view octets, std::uint8_t flags, const std::vector<std::string>& keywords,
                      std::int64_t internal_date, std::uint32_t uid, std::string_view base);

}  // namespace postrider::migration
