#pragma once

#include <rocksdb/options.h>

#include <atomic>

#include "kv/kv.h"

namespace postrider::kv {

/// How the engine is tuned; every choice and its measurement: docs/formats/kv.md.
struct EngineOptions {
    rocksdb::Options options;
    std::unique_ptr<rocksdb::Env> env;
    std::shared_ptr<rocksdb::Cache> cache;
    /// Writers whose records are to go to the disk at once (patient_files.h).
    std::shared_ptr<std::atomic<unsigned>> in_a_hurry;
};
EngineOptions engine_options(const Options& options, rocksdb::Env* env);

}  // namespace postrider::kv
