#pragma once

#include <string_view>

namespace postrider::imap {

/// Takes a line off the front of a dialogue and skips the literal that it announces: for the log, which shows
/// "{5}" but not what a literal holds. The line end is not part of what is given.
std::string_view next_line(std::string_view& dialogue);

}  // namespace postrider::imap
