#pragma once

#include <rocksdb/db.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <future>
#include <mutex>

#include "kv/engine_options.h"
#include "kv/kv.h"

namespace postrider::kv {

class RocksStore final : public Store {
public:
    /// `env` lets a test be the disk.
    static Result<std::unique_ptr<Store>> open(const std::filesystem::path& directory, const Options& options,
                                               rocksdb::Env* env);
    ~RocksStore() override;

    Result<std::optional<std::string>> get(std::string_view key, const Snapshot* at) override;
    Result<> write(Batch batch, Durability durability) override;
    Result<> sync() override;
    std::unique_ptr<Snapshot> snapshot() override;
    std::unique_ptr<Cursor> scan(std::string_view begin, std::string_view end, const Snapshot* at,
                                 Access access) override;
    Result<> checkpoint(const std::filesystem::path& directory) override;
    Result<> compact() override;
    void stop_compacting() override;
    Result<> verify(const std::function<void(int)>& progress) override;
    Stats stats() const override;

private:
    RocksStore(std::filesystem::path directory, EngineOptions engine)
        : directory_{std::move(directory)}, engine_{std::move(engine)} {}

    Result<> check_format(std::uint32_t newest);
    bool is_likely_awaited() const;
    rocksdb::Status flush_log();
    rocksdb::Status renew_log();
    void log_is_lost(const rocksdb::Status& because);
    bool recover();
    bool probe_writes() const;

    std::filesystem::path directory_;
    EngineOptions engine_;
    std::unique_ptr<rocksdb::DB> db_;

    std::mutex recovering_;
    std::chrono::steady_clock::time_point try_again_;
    std::future<rocksdb::Status> resuming_;  // DB::Resume at work; see recover()
    std::atomic<bool> stuck_ = false;        // it has been for longer than it should

    // Group commit of the log: one thread flushes, the others wait for it and look whether that covered them.
    std::mutex sync_mutex_;
    std::condition_variable sync_done_;
    std::atomic<bool> syncing_ = false;
    std::atomic<std::uint64_t> synced_ = 0;   // writes known to be on disk
    std::atomic<std::uint64_t> written_ = 0;  // writes that have returned from the engine
    std::atomic<bool> log_lost_ = false;  // a flush failed: the log's tail may be gone from the page cache
    std::mutex lost_mutex_;
    rocksdb::Status lost_because_;
    std::atomic<std::uint64_t> syncs_ = 0;
};

}  // namespace postrider::kv
