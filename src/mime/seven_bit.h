#pragma once

#include <expected>
#include <string>
#include <string_view>

namespace postrider::mime {

/// Why a message cannot be made to fit a 7-bit transport.
enum class SevenBitProblem {
    signed_part,  ///< multipart/signed: another encoding breaks the signature (RFC 1847 §2.1)
    no_encoding,  ///< message/partial and message/external-body allow none (RFC 2046 §5.2.2, §5.2.3)
    too_deep,     ///< nested more than 100 levels
};

/// The same message for a host that knows neither 8BITMIME nor BINARYMIME (RFC 6152 §3, RFC 3030 §3): bodies
/// with octets that 7-bit mail does not carry (above 127, NUL, CR and LF that are no CRLF) become
/// quoted-printable (text) or base64, whatever the depth; everything else stays octet for octet. A body
/// without MIME gets a Content-Type of charset unknown-8bit (RFC 1428 §3). Header fields stay as they are.
std::expected<std::string, SevenBitProblem> to_seven_bit(std::string_view message);

/// Whether some octet is above 127.
bool has_eight_bit(std::string_view octets);
/// Whether there is a NUL, or a CR or LF that is not part of a CRLF.
bool is_binary(std::string_view octets);

}  // namespace postrider::mime
