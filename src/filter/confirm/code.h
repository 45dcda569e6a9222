#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/ids.h"
#include "mime/address.h"

namespace postrider::filter {

/// The code with which a sender shows that he has read a challenge: 60 bits of an HMAC under the server's
/// secret over account, sender and the account's own word, so that nobody else has it and a new word ends all
/// codes before. 12 letters and digits.
std::string confirmation_code(std::string_view secret, AccountId account, const mime::AddrSpec& sender,
                              std::string_view word);

/// Compares without telling how much was right by the time it takes.
bool same_code(std::string_view a, std::string_view b);

/// What stands in the subject of a challenge, and so in that of an answer: "confirm-abcdefghijkl".
std::string code_mark(std::string_view code);
/// The first such mark in a text, the code alone in lower case. Looks at the first 64 KiB.
std::optional<std::string> find_code(std::string_view text);

}  // namespace postrider::filter
