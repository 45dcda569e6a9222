#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace postrider::imap {

/// In which language a session is spoken to (RFC 5255 §3).
enum class Language : std::uint8_t { i_default, english, german };

std::string_view tag_of(Language language);  ///< "EN"
/// What a language range of RFC 4647 §2.1 means: "de-AT" is German, "default" ours.
std::optional<Language> language_matching(std::string_view range);

/// The text of a reply, with its response code as it is.
std::string translated(Language language, std::string_view text);

}  // namespace postrider::imap
