#pragma once

#include <rocksdb/options.h>

#include "kv/kv.h"

namespace postrider::kv {

/// How the engine is tuned; every choice and its measurement: docs/formats/kv.md.
struct EngineOptions {
    rocksdb::Options options;
    std::unique_ptr<rocksdb::Env> env;
    std::shared_ptr<rocksdb::Cache> cache;
};
EngineOptions engine_options(const Options& options, rocksdb::Env* env);

}  // namespace postrider::kv
