#pragma once

#include <charconv>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>

/// Pieces of replies, appended to a buffer. RFC 9051 §4.
namespace postrider::imap {

template <std::unsigned_integral T>
void put_number(std::string& out, T value) {
    char digits[20];
    auto end = std::to_chars(digits, digits + sizeof digits, value).ptr;
    out.append(digits, static_cast<std::size_t>(end - digits));
}

/// Quoted where RFC 9051 allows it, else as a literal. With `utf8` (after ENABLE IMAP4rev2) a quoted string
/// may hold UTF-8.
void put_string(std::string& out, std::string_view text, bool utf8 = false);
/// As an atom where it may be one.
void put_astring(std::string& out, std::string_view text, bool utf8 = false);
/// A literal has no NUL (RFC 9051 §4.3, CHAR8): each that a broken message has becomes 0x80, so that sizes
/// hold.
void put_literal(std::string& out, std::string_view octets);
/// As literal8 when there is a NUL among the octets (RFC 3516 §4.3).
void put_binary(std::string& out, std::string_view octets);

/// "17-Jul-1996 02:44:25 +0000", with its quotes.
void put_date_time(std::string& out, std::int64_t seconds_since_1970);

/// A mailbox name: modified UTF-7 for IMAP4rev1, UTF-8 for a client that enabled it (RFC 9051 §5.1).
void put_mailbox(std::string& out, std::string_view name_utf8, bool utf8);

}  // namespace postrider::imap
