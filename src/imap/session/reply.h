#pragma once

#include <string>
#include <string_view>

#include "imap/wire/cursor.h"
#include "mailstore/types.h"

namespace postrider::imap {

/// What stands behind the tag of a command's last line (RFC 9051 §7.1).
struct Reply {
    enum class Status { ok, no, bad, said };  ///< said: the command has answered already
    Status status = Status::ok;
    std::string text;  ///< "[TRYCREATE] There is no such mailbox"
};

Reply ok(std::string_view text);
Reply no(std::string_view text);
Reply bad(std::string_view text);
Reply bad(const SyntaxError& error);  ///< "Expected a space at octet 7"

/// Where the store's errors become response codes of RFC 5530.
Reply to_reply(const mailstore::Failure& failure);
/// For APPEND, COPY and MOVE: a missing folder could be made (RFC 9051 §6.3.12).
Reply to_reply_of_target(const mailstore::Failure& failure);
/// Of a search folder as a target.
Reply takes_no_messages();

/// "a1 OK Done" CRLF.
void put_reply(std::string& out, std::string_view tag, const Reply& reply);

}  // namespace postrider::imap
