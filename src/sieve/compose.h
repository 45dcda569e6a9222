#pragma once

#include <string>
#include <string_view>

/// Small pieces of mail that scripts make. Everything ends in CRLF.
namespace postrider::sieve::compose {

std::string crlf(std::string_view text);  ///< every line end becomes CRLF, the last line gets one

/// Content-Type, Content-Transfer-Encoding, the empty line and the body.
std::string text_entity(std::string_view utf8, std::string_view subtype = "plain");

/// An entity as a script writes it (:mime): its Content- fields, the empty line and the body. What has no
/// header is a text. `8bit` lines get an encoding field when there is none.
std::string given_entity(std::string_view entity);

/// "name: value" folded and encoded (mime::header_line); an address list keeps its addresses readable.
std::string field(std::string_view name, std::string_view utf8);
std::string address_field(std::string_view name, std::string_view display_name, std::string_view address);
/// The same for a list as a script writes it.
std::string address_field(std::string_view name, std::string_view list);

}  // namespace postrider::sieve::compose
