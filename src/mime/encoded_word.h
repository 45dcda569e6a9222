#pragma once

#include <optional>
#include <string>
#include <string_view>

/// Text beyond US-ASCII in header fields (RFC 2047), and UTF-8 as it stands (RFC 6532).
namespace postrider::mime {

/// The parts of one "=?charset?Q?text?=".
struct EncodedWord {
    std::string_view charset;  ///< without a language suffix (RFC 2231 §5)
    char encoding = 'q';       ///< 'q' or 'b'
    std::string_view text;
    std::size_t size = 0;  ///< octets of the whole word
};

/// The encoded word at the very front of `text`. RFC 2047 allows 75 octets; we take up to 2,000, since
/// senders do.
std::optional<EncodedWord> parse_encoded_word(std::string_view text);

/// An unfolded field value as UTF-8: encoded words decoded, blanks between neighbouring ones dropped, a
/// character split over two words of one charset joined. Raw 8-bit text is read as UTF-8, or Windows-1252
/// where it is not. Never fails.
std::string decode_encoded_words(std::string_view value);

/// UTF-8 as unstructured header text: as it stands when it is printable US-ASCII without "=?", else as
/// encoded words (base64, UTF-8) of at most 75 octets with CRLF and a blank between them.
std::string encode_words(std::string_view utf8);

}  // namespace postrider::mime
