#include "kv/engine_options.h"

#include <rocksdb/cache.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/table.h>
#include <rocksdb/write_buffer_manager.h>

#include <algorithm>

#include "kv/engine_log.h"
#include "kv/patient_files.h"

namespace postrider::kv {

EngineOptions engine_options(const Options& options, rocksdb::Env* env) {
    EngineOptions made;
    rocksdb::Options& o = made.options;
    made.in_a_hurry = std::make_shared<std::atomic<unsigned>>(0);
    made.env = rocksdb::NewCompositeEnv(patient_files(env->GetFileSystem(), made.in_a_hurry));
    o.env = made.env.get();
    o.max_bgerror_resume_count = 0;  // when to go on is decided in RocksStore::recover
    o.create_if_missing = options.create_if_missing;
    o.info_log = std::make_shared<EngineLog>(options.warn);
    o.listeners.push_back(std::make_shared<NoAutoRecovery>());
    o.listeners.push_back(std::make_shared<CompactionBehind>());
    o.info_log_level = rocksdb::InfoLogLevel::WARN_LEVEL;
    o.stats_dump_period_sec = 0;  // these two would start a timer thread
    o.stats_persist_period_sec = 0;
    o.max_background_jobs = 2;  // one flush, one compaction
    o.max_open_files = 512;
    o.max_manifest_file_size = 4u << 20;

    // Memory: one bound for blocks, indexes, filters and memtables together.
    const std::size_t cache_bytes = std::max(options.cache_bytes, options.write_buffer_bytes + (4u << 20));
    made.cache = rocksdb::NewLRUCache(cache_bytes, /*num_shard_bits=*/2, /*strict_capacity_limit=*/false,
                                      /*high_pri_pool_ratio=*/0.3);
    o.write_buffer_size = options.write_buffer_bytes;
    o.arena_block_size = 256u << 10;
    o.max_write_buffer_number = 3;
    o.write_buffer_manager =
        std::make_shared<rocksdb::WriteBufferManager>(3 * options.write_buffer_bytes, made.cache);

    rocksdb::BlockBasedTableOptions table;
    table.block_cache = made.cache;
    table.block_size = 8u << 10;
    table.format_version = 5;
    table.checksum = rocksdb::kXXH3;
    table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10, false));
    table.optimize_filters_for_memory = true;
    table.cache_index_and_filter_blocks = true;
    table.cache_index_and_filter_blocks_with_high_priority = true;
    table.pin_l0_filter_and_index_blocks_in_cache = true;
    table.max_auto_readahead_size = 512u << 10;
    o.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));

    // Shape of the tree. Keys of one account arrive in order, so leveled compaction with a large first level
    // rewrites little; see the table in docs/formats/kv.md.
    o.compression = rocksdb::kLZ4Compression;
    o.bottommost_compression = rocksdb::kLZ4Compression;
    o.level_compaction_dynamic_level_bytes = true;
    o.level0_file_num_compaction_trigger = 4;
    o.max_bytes_for_level_base = 4 * options.write_buffer_bytes;
    o.target_file_size_base = std::max<std::uint64_t>(options.write_buffer_bytes, 8u << 20);
    o.bytes_per_sync = 1u << 20;  // spreads the write-back of tables instead of one burst at the end
    // Stops replay at the first hole: what is replayed is exactly a prefix of what was written, which is what
    // the containers' marks rely on. (Recycled log files cannot promise that.)
    o.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
    return made;
}

}  // namespace postrider::kv
