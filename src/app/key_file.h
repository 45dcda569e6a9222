#pragma once

#include <expected>
#include <filesystem>
#include <string>

namespace postrider::app {

/// The server's secret of 32 octets, under which stored passwords are encrypted; made at the first start,
/// readable by the owner alone. Whoever has a backup of the store without this file cannot read those
/// passwords.
std::expected<std::string, std::string> load_or_create_key(const std::filesystem::path& file);

}  // namespace postrider::app
