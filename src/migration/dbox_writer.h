#pragma once

#include "migration/exporter.h"

/// Dovecot's sdbox and mdbox, with the logs that it makes its indexes from.
namespace postrider::migration {

std::unique_ptr<ExportTarget> sdbox_target(const std::filesystem::path& root);
/// The error is that what lies there cannot be gone on with.
std::expected<std::unique_ptr<ExportTarget>, std::string> mdbox_target(const std::filesystem::path& root);

}  // namespace postrider::migration
