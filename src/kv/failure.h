#pragma once

#include <rocksdb/status.h>

#include <filesystem>

#include "kv/kv.h"

namespace postrider::kv {

bool is_disk_full(const rocksdb::Status& status);

/// What the engine said, as our kind and a text that names the store and what was being done.
Failure to_failure(const rocksdb::Status& status, const std::filesystem::path& directory,
                   std::string_view doing);

}  // namespace postrider::kv
