#pragma once

#include <string>
#include <string_view>

#include "admin/operation.h"

/// One message of the queue in the layout of the tool `mqview`, on which scripts rely.
namespace postrider::admin {

/// `shown` is what `queue show` gave; `file` is what the first line names.
std::string mqview_text(const Json& shown, std::string_view file);

/// The status file that an id had in a queue on disk, "00/S5F4E": two hexadecimal digits or more for the
/// directory, four for the entry.
std::string status_file(QueueId id);
/// The id that a path like "../00/S5F4E" names; a bare "S5F4E" lies in `directory`, whose last part counts.
/// Also a plain id.
std::optional<QueueId> id_of_status_file(std::string_view path, std::string_view directory);

}  // namespace postrider::admin
