#include "kv/failure.h"

#include <fmt/format.h>

namespace postrider::kv {

bool is_disk_full(const rocksdb::Status& status) {
    if (status.IsNoSpace()) return true;
    // Wrapped errors keep the text but not always the code.
    if (!status.IsIOError() && !status.IsIncomplete() && !status.IsAborted()) return false;
    const std::string text = status.ToString();
    return text.find("No space left") != std::string::npos
           || text.find("Disk quota exceeded") != std::string::npos;
}

Failure to_failure(const rocksdb::Status& status, const std::filesystem::path& directory,
                   std::string_view doing) {
    const std::string reason = status.ToString();
    if (is_disk_full(status))
        return {KvError::io, fmt::format("{}: {}: disk full ({}); writing goes on when there is room again",
                                         directory.native(), doing, reason)};
    if (status.IsCorruption())
        return {KvError::corrupt, fmt::format("{}: {}: {}", directory.native(), doing, reason)};
    // Whether a write or a flush: the engine writes no more.
    const bool writes = doing == "writing" || doing == "syncing";
    return {KvError::io,
            fmt::format("{}: {}: {}{}", directory.native(), doing, reason,
                        writes ? "; nothing is written here until the server is started again" : "")};
}

}  // namespace postrider::kv
