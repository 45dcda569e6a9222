#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "imap/wire/cursor.h"

/// The productions that every command is made of. RFC 9051 §9. Views point into the parsed text.
namespace postrider::imap {

bool is_atom_char(char c);     ///< ATOM-CHAR
bool is_astring_char(char c);  ///< ASTRING-CHAR: also "]"

std::string_view atom(Cursor& in);  ///< fails when there is none

/// A literal as the receiver leaves it in the command: "{5}" CRLF and five octets ("{5+}" likewise).
std::string_view literal(Cursor& in);
bool at_literal(const Cursor& in);

std::string string(Cursor& in);   ///< quoted / literal
std::string astring(Cursor& in);  ///< 1*ASTRING-CHAR / string
std::optional<std::string> nstring(Cursor& in);

/// As it was sent: modified UTF-7, or UTF-8 for a client that enabled it (see mailbox_name.h). "INBOX" in any
/// case comes out in capitals (RFC 9051 §5.1).
std::string mailbox(Cursor& in);

std::uint32_t number(Cursor& in);
std::uint32_t nz_number(Cursor& in);
std::uint64_t number64(Cursor& in);  ///< at most 63 bits

/// flag, without \Recent, which no client may set.
std::string_view flag(Cursor& in);
std::vector<std::string_view> flag_list(Cursor& in);  ///< "(" [flag *(SP flag)] ")"

std::chrono::sys_days date(Cursor& in);  ///< 1-Feb-1994, with or without quotes
Time date_time(Cursor& in);              ///< "17-Jul-1996 02:44:25 -0700", in quotes

/// At most this many elements of any parenthesised list that is kept.
inline constexpr std::size_t max_list = 4096;

/// Passes the opening parenthesis, calls `element` for each of the elements that single spaces separate, and
/// passes the closing one. An empty list is allowed when `may_be_empty`.
template <class Element>
void list_of(Cursor& in, bool may_be_empty, Element element) {
    in.need("(");
    if (may_be_empty && in.take(")")) return;
    std::size_t count = 0;
    do {
        if (++count > max_list) in.fail("a shorter list");
        element(in);
    } while (in.ok() && in.take(" "));
    in.need(")");
}

}  // namespace postrider::imap
