#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "settings/grammar.h"
#include "settings/setting.h"

/// One setting's value between text and struct: what the file, the command line and inheritance share. For
/// rows of simple kinds: not object, object_set, inlined or absent.
namespace postrider::settings {

struct ValueError {
    std::string problem;  ///< "200 is out of range"
    std::string allowed;  ///< "0 to 100"
};

/// Checks the value and stores it in `object`. On failure nothing is stored.
/// @return words that are known but not in this build and were left out, separated by blanks; mostly "".
std::expected<std::string, ValueError> set_value(const Row& row, void* object, const Value& value);

/// The same from text, in the grammar of the file.
std::expected<std::string, ValueError> set_value(const Row& row, void* object, std::string_view text);

/// The member as the file's grammar writes it.
Value get_value(const Row& row, const void* object);

/// What may stand there, for messages and the manual: "yes, no", "0 to 100", "any of: imap pop3".
std::string allowed_text(const Row& row);

/// What kind of thing it is, for the manual: "yes/no", "number", "text", "one of", "set of", ...
std::string type_text(const Row& row);

}  // namespace postrider::settings
