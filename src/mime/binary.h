#pragma once

#include <string>
#include <string_view>

/// Content that only BINARYMIME carries (RFC 3030), as everybody else can read it.
namespace postrider::mime {

/// Is there a NUL, a CR or LF that is no line end, or a line of more than 998 octets (RFC 2045 §2.9)?
bool needs_binary(std::string_view octets);

/// The message with those parts in base64 whose transfer encoding is `binary` and whose content needs it; of
/// a multipart or message/rfc822 that holds them, `binary` becomes `8bit`. RFC 3030 §3 lets whoever passes a
/// message on to what is not binary do so, and RFC 3516 §6 asks for it where IMAP shows such a message. What
/// BINARY[n] gives are the same octets as before. Where nothing needs it, the message as it is.
std::string encode_binary(std::string_view message);

}  // namespace postrider::mime
