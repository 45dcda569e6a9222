#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// How answers look. Clients count lines, after splitting a whole answer at CRLF: the last element is the
/// prompt and the one before it the status line. So the numbers of lines here are part of the interface:
///
///     table        5 lines, rows, 1 blank line        clients take [5:-3]
///     simple list  2 lines, rows, 1 blank line        [2:-3]
///     attributes   2 lines, rows, 1 blank line        [2:-3], split at " = "
///     of a child   2 lines, rows                      [2:-2], split at the first " = "
///     one          1 line                             [0]
///     columns      1 line, rows, the last a total     [1:-2]
///
/// Pure. No row holds a line end: control characters become '?'.
namespace postrider::cli {

using Row = std::vector<std::string>;
/// Name and value as it is printed: quoted_text(text), 12, yes, (a b).
using NamedValues = std::vector<std::pair<std::string, std::string>>;

/// "List of Accounts:", blank, rule, headings, rule, rows, blank. Cells stand apart by " | ".
std::string table(std::string_view what, const Row& headings, const std::vector<Row>& rows);

/// "List of Aliases:", blank, rows, blank.
std::string simple_list(std::string_view what, const std::vector<std::string>& rows);

/// "Attributes of the account:", blank, rows, and a blank line unless it is a child that is shown.
enum class Shown { context, child };
std::string attributes(std::string_view what, const NamedValues& values, Shown shown = Shown::context);

/// "name = value".
std::string one_attribute(std::string_view name, std::string_view value);

/// One line of headings, then the rows, aligned; the caller's last row is the total.
std::string columns(const Row& headings, const std::vector<Row>& rows);

/// One line without control characters.
std::string clean(std::string_view text);

}  // namespace postrider::cli
