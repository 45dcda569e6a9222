#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace postrider::mime {

/// What is put below messages; UTF-8. Where one is empty it is made from the other.
struct Footer {
    std::string text;
    std::string html;  ///< a piece of HTML, as it may stand in a body
};

/// The message with the footer below what people read of it: plain text and HTML, in all alternatives, inside
/// multipart/related and in the first part of multipart/mixed; never in attachments. HTML gets it before
/// </body>. Charset and transfer encoding stay what they are where they can say it, and become UTF-8 and
/// quoted-printable where they cannot; every other octet stays.
///
/// nullopt: nothing to do, and the message stays as it is. That is so for what is signed or encrypted
/// (RFC 1847, S/MIME, OpenPGP, PGP inside text, DKIM-Signature), reports, messages without text, texts above
/// 16 MiB or in a charset or encoding that we do not know, and where the footer stands already.
std::optional<std::string> append_footer(std::string_view message, const Footer& footer);

/// The text of a piece of HTML: without tags, with line ends for <br> and for the end of blocks, the common
/// entities resolved. For our own footers; no more than that.
std::string plain_text_of(std::string_view html);

}  // namespace postrider::mime
