#pragma once

#include <expected>
#include <filesystem>
#include <system_error>

namespace postrider {

/// Makes a directory and those above it that are missing, and syncs the names of the new ones: what is
/// written and synced below is only as durable as the way to it. Nothing to do, and no sync, where it is
/// there already.
std::expected<void, std::error_code> make_directory(const std::filesystem::path& path);

}  // namespace postrider
