#pragma once

#include <rocksdb/file_system.h>

#include <atomic>
#include <memory>

namespace postrider::kv {

/// The same file system, but a full disk is reported as an error that passes. The engine takes "no space" for
/// the end where it meets it while it makes a new log (it then refuses writes until the store is opened
/// again); from an error that may be retried it goes on when it is told to, wherever it came from.
///
/// Logs are written and read as log_file.h says: what is appended while somebody is in a hurry goes on its
/// way to the disk at once, so that who then flushes the log waits for the rest only.
std::shared_ptr<rocksdb::FileSystem> patient_files(std::shared_ptr<rocksdb::FileSystem> files,
                                                   std::shared_ptr<const std::atomic<unsigned>> in_a_hurry);

}  // namespace postrider::kv
