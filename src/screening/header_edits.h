#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "policy/machine.h"

namespace postrider::screening {

/// A message as header methods of a policy leave it. New fields come before the message's own.
/// @param message  header and body, CRLF line ends; edits with names that are no field names are passed over
std::string edit_header(std::string_view message, const std::vector<policy::Effect>& edits);

bool is_header_edit(policy::Method method);

}  // namespace postrider::screening
