#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "admin/operation.h"

/// The policy script, for the dialogue as for the operations. Errors are sentences.
namespace postrider::admin {

std::expected<std::string, std::string> read_script(const std::string& path);
/// What the server's own file holds; nothing when there is none.
std::expected<std::string, std::string> policy_script(Context& context);
/// Checks it, writes it to that file and takes it into force.
std::expected<void, std::string> replace_policy(Context& context, std::string_view text);

}  // namespace postrider::admin
