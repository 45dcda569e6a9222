#pragma once

#include <string>
#include <string_view>

/// How text becomes a string of an IMAP answer that any client can read (RFC 3501 §4.3, also right under RFC
/// 9051).
namespace postrider::mime {

/// Quoted where it may be, else a literal: for 8-bit octets, CR and LF. NUL, which IMAP cannot carry, is left
/// out.
void append_imap_string(std::string& out, std::string_view text);

/// The same, "" becoming NIL.
void append_imap_nstring(std::string& out, std::string_view text);

/// The same in upper case: names that have no case (types, parameter names).
void append_imap_upper(std::string& out, std::string_view text);

}  // namespace postrider::mime
