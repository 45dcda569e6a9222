#pragma once

#include <rocksdb/write_batch.h>

#include "kv/kv.h"

namespace postrider::kv {

struct Batch::Impl {
    rocksdb::WriteBatch changes;
};

}  // namespace postrider::kv
