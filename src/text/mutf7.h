#pragma once

#include <optional>
#include <string>
#include <string_view>

/// Modified UTF-7: how IMAP4rev1 writes mailbox names (RFC 3501 §5.1.3).
namespace postrider::text {

/// nullopt when `utf8` is not valid UTF-8.
std::optional<std::string> encode_mutf7(std::string_view utf8);

/// nullopt when `name` is not exactly what encode_mutf7() would write: 8-bit octets or controls, an open or
/// empty shift, printable US-ASCII inside one, two shifts where one would do, lone surrogates, spare bits
/// that are not zero. One name has one spelling, so that two mailboxes never share one.
std::optional<std::string> decode_mutf7(std::string_view name);

}  // namespace postrider::text
