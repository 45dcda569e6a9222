#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

/// Base64 carries 54 bytes in 78 octets of mail. Where it is canonical (lines of one length, CRLF, right
/// padding: what every sender makes) it is kept decoded and encoded again when it is read.
///
///     packed  = *segment                     until the end
///     segment = varint(length) literal varint(decoded length) [u8 line quads, decoded]
///
/// The second half is the run of base64 behind the literal, without its last line end; length 0: none
/// follows.
namespace postrider::container {

/// The packed form if it is at least 1/16 shorter, and gives exactly `payload` again (which is tried).
std::optional<std::string> pack(std::string_view payload);

/// @param packed  a whole packed form, or the start of one
/// @param limit   bytes of payload after which it stops (give the payload's size for all)
/// @return what it holds, at most `limit` bytes; nothing if it is malformed
std::optional<std::string> unpack(std::string_view packed, std::size_t limit);

}  // namespace postrider::container
