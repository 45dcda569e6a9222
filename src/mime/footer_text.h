#pragma once

#include <string>
#include <string_view>

/// The texts of a footer, and where they belong in a body (footer.h). Pure.
namespace postrider::mime {

std::string with_crlf(std::string_view text);  ///< every line ends in CRLF, the last one too; "" stays ""
std::string html_of(std::string_view text);    ///< escaped, with <br> at line ends
/// The text with character references for what is not US-ASCII, so that it is right in every charset.
std::string ascii_html(std::string_view utf8_html);
/// Lines as format=flowed wants them (RFC 3676 §4.2, §4.4): no blanks at their ends, stuffed.
std::string footer_lines(std::string_view text, bool flowed);
/// Where </body> (or else </html>) begins, or the end.
std::size_t end_of_html_body(std::string_view html);
bool ends_with_footer(std::string_view text, std::string_view footer);
bool has_inline_pgp(std::string_view text);  ///< "-----BEGIN PGP " at the beginning of a line

}  // namespace postrider::mime
