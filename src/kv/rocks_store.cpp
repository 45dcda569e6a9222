#include "kv/rocks_store.h"

#include <fmt/format.h>
#include <rocksdb/convenience.h>
#include <rocksdb/env.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>

#include "base/codec.h"
#include "base/make_directory.h"
#include "kv/batch.h"
#include "kv/cursor.h"
#include "kv/failure.h"
#include "kv/reserved.h"

namespace postrider::kv {
namespace {

std::filesystem::path owner_file(const std::filesystem::path& directory) {
    return directory / "owner.pid";
}

/// Somebody is in a hurry as long as it lives.
class Hurry {
public:
    Hurry(std::atomic<unsigned>& many, bool really) : many_{really ? &many : nullptr} {
        if (many_) many_->fetch_add(1, std::memory_order_relaxed);
    }
    ~Hurry() {
        if (many_) many_->fetch_sub(1, std::memory_order_relaxed);
    }
    Hurry(const Hurry&) = delete;
    Hurry& operator=(const Hurry&) = delete;

private:
    std::atomic<unsigned>* many_;
};

Failure locked(const std::filesystem::path& directory) {
    std::string owner;
    std::ifstream{owner_file(directory)} >> owner;
    return {KvError::locked,
            fmt::format("{}: in use by another process ({} says {})", directory.native(),
                        owner_file(directory).native(), owner.empty() ? "nothing" : "pid " + owner)};
}

}  // namespace

Result<std::unique_ptr<Store>> Store::open(const std::filesystem::path& directory, const Options& options) {
    return RocksStore::open(directory, options, rocksdb::Env::Default());
}

Result<std::unique_ptr<Store>> RocksStore::open(const std::filesystem::path& directory,
                                                const Options& options, rocksdb::Env* env) {
    if (options.create_if_missing) {
        if (auto made = make_directory(directory); !made)
            return std::unexpected(
                Failure{KvError::io,
                        fmt::format("{}: cannot create it: {}", directory.native(), made.error().message())});
    }
    std::unique_ptr<RocksStore> store{new RocksStore{directory, engine_options(options, env)}};
    rocksdb::DB* db = nullptr;
    auto status = rocksdb::DB::Open(store->engine_.options, directory.native(), &db);
    if (!status.ok()) {
        const std::string text = status.ToString();
        if (status.IsIOError() && text.find("lock") != std::string::npos
            && text.find("LOCK") != std::string::npos)
            return std::unexpected(locked(directory));
        return std::unexpected(to_failure(status, directory, "opening"));
    }
    store->db_.reset(db);
    if (auto ok = store->check_format(options.format); !ok) return std::unexpected(ok.error());
    std::ofstream{owner_file(directory), std::ios::trunc} << getpid() << '\n';
    return store;
}

/// The number is raised before this server writes its first record of the newer format, and synced, so that
/// an older server can never meet such a record.
Result<> RocksStore::check_format(std::uint32_t newest) {
    auto found = get(format_key, nullptr);
    if (!found) return std::unexpected(found.error());
    if (*found) {
        Decoder in{**found};
        const auto number = in.be<std::uint32_t>();
        if (!in.ok() || !in.at_end())
            return std::unexpected(Failure{
                KvError::corrupt, fmt::format("{}: its format number is unreadable", directory_.native())});
        if (number > newest)
            return std::unexpected(
                Failure{KvError::newer,
                        fmt::format("{}: written by a newer server: its records have format {}, this server "
                                    "knows up to {}; install the newer version again or restore a backup",
                                    directory_.native(), number, newest)});
        if (number == newest) return {};
    }
    Batch batch;
    std::string number;
    put_be(number, newest);
    batch.impl().changes.Put(format_key, number);
    return write(std::move(batch), Durability::now);
}

RocksStore::~RocksStore() {
    if (!db_) return;
    (void)sync();
    if (resuming_.valid()) {  // ends a Resume that waits for nothing
        rocksdb::CancelAllBackgroundWork(db_.get(), false);
        resuming_.wait();
    }
    db_->Close().PermitUncheckedError();
    std::error_code ignored;
    std::filesystem::remove(owner_file(directory_), ignored);
}

Result<std::optional<std::string>> RocksStore::get(std::string_view key, const Snapshot* at) {
    rocksdb::ReadOptions options;
    if (at) options.snapshot = static_cast<const EngineSnapshot*>(at)->get();
    std::string value;
    auto status = db_->Get(options, key, &value);
    if (status.IsNotFound()) return std::optional<std::string>{};
    if (!status.ok()) return std::unexpected(to_failure(status, directory_, "reading"));
    return std::optional<std::string>{std::move(value)};
}

/// Nobody says so, but where little is written it is mostly somebody who has it flushed at once: then the
/// record goes on its way to the disk while the engine still puts it into memory, and the flush has less to
/// wait for. Where much is written, or a flush is under way, this would only make more and smaller writes of
/// what goes together.
bool RocksStore::is_likely_awaited() const {
    constexpr std::uint64_t little = 4;  // writes since the last flush
    return !syncing_.load(std::memory_order_relaxed)
           && written_.load(std::memory_order_relaxed) < synced_.load(std::memory_order_relaxed) + little;
}

Result<> RocksStore::write(Batch batch, Durability durability) {
    // `now` does not use the engine's own synced writes: their leader keeps everyone else out of the log
    // while the disk flushes, and the many `soon` writes beside it would wait for nothing.
    const rocksdb::WriteOptions options;
    auto& changes = batch.impl().changes;
    const Hurry hurry{*engine_.in_a_hurry, is_likely_awaited()};
    auto status = log_lost_ ? renew_log() : rocksdb::Status::OK();
    if (status.ok()) {
        status = db_->Write(options, &changes);
        if (!status.ok()) {
            // The engine's log writer must not be used again after an error (Debian's build asserts that).
            log_is_lost(status);
            if (renew_log().ok()) status = db_->Write(options, &changes);
        }
    }
    if (!status.ok()) {
        auto failure = to_failure(status, directory_, "writing");
        if (stuck_) failure.what += " (the store cannot go on by itself: restart the server)";
        return std::unexpected(std::move(failure));
    }
    written_.fetch_add(1, std::memory_order_acq_rel);
    if (durability == Durability::now) return sync();
    return {};
}

Result<> RocksStore::sync() {
    std::unique_lock lock{sync_mutex_};
    const std::uint64_t target = written_.load(std::memory_order_acquire);
    while (synced_ < target && syncing_) sync_done_.wait(lock);
    if (synced_ >= target) return {};

    syncing_ = true;
    const std::uint64_t covered = written_.load(std::memory_order_acquire);
    lock.unlock();
    auto status = flush_log();
    lock.lock();
    syncing_ = false;
    if (status.ok()) synced_ = std::max(synced_.load(), covered);
    sync_done_.notify_all();
    if (!status.ok()) return std::unexpected(to_failure(status, directory_, "syncing"));
    return {};
}

rocksdb::Status RocksStore::flush_log() {
    if (!log_lost_.load()) {
        auto status = db_->FlushWAL(true);
        syncs_.fetch_add(1, std::memory_order_relaxed);
        if (status.ok()) return status;
        // The kernel may have dropped the pages it could not write and would report success next time, so the
        // log is not trusted again: what it held is written out of memory into a table instead.
        log_is_lost(status);
    }
    return renew_log();
}

void RocksStore::log_is_lost(const rocksdb::Status& because) {
    std::lock_guard lock{lost_mutex_};
    lost_because_ = because;
    log_lost_ = true;
}

/// What the lost log held is written out of memory into a table, and a new log begun. The engine begins one
/// only if there is something to write out: hence the record, which says again what the store says anyway.
rocksdb::Status RocksStore::renew_log() {
    if (!recover()) {
        std::lock_guard lock{lost_mutex_};
        return lost_because_;
    }
    std::string format;
    auto status = db_->Get(rocksdb::ReadOptions{}, format_key, &format);
    rocksdb::WriteOptions memory_only;
    memory_only.disableWAL = true;
    if (status.ok()) status = db_->Put(memory_only, format_key, format);
    if (status.ok()) status = db_->Flush(rocksdb::FlushOptions{});
    if (status.ok()) log_lost_ = false;
    return status;
}

/// Whether the disk takes what Resume is about to write: a quota, or a disk that fails, says no where the
/// number of free blocks does not tell.
bool RocksStore::probe_writes() const {
    const std::string name = (directory_ / "room.probe").string();
    std::unique_ptr<rocksdb::WritableFile> file;
    bool ok = engine_.env->NewWritableFile(name, &file, rocksdb::EnvOptions{}).ok();
    const std::string zeros(1u << 20, '\0');
    for (std::size_t size = 0; ok && size < engine_.options.write_buffer_size; size += zeros.size())
        ok = file->Append(zeros).ok();
    ok = ok && file->Sync().ok();
    if (file) ok = file->Close().ok() && ok;
    engine_.env->DeleteFile(name).PermitUncheckedError();
    return ok;
}

/// After a full disk or another write error the engine refuses writes until it is told to go on. No clock:
/// whoever wants to write tries, one at a time, and only if there is room for what Resume will flush: if the
/// flush fails within Resume, the engine (7.8) may wait in there for another one for good. That is why it has
/// a thread of its own; writes are refused while it is at it.
bool RocksStore::recover() {
    std::unique_lock lock{recovering_, std::try_to_lock};
    if (!lock) return false;
    auto patience = std::chrono::seconds{0};
    if (!resuming_.valid()) {
        patience = std::chrono::seconds{2};
        const auto begin = std::chrono::steady_clock::now();
        if (begin < try_again_) return false;
        std::error_code error;
        const auto space = std::filesystem::space(directory_, error);
        if (error || space.available < 4 * engine_.options.write_buffer_size || !probe_writes()) {
            // Where the free space lies (quotas), trying must not become the main work.
            const auto end = std::chrono::steady_clock::now();
            try_again_ =
                end + std::min<std::chrono::nanoseconds>(20 * (end - begin), std::chrono::seconds{1});
            return false;
        }
        resuming_ = std::async(std::launch::async, [this] { return db_->Resume(); });
    }
    stuck_ = resuming_.wait_for(patience) != std::future_status::ready;
    return !stuck_ && resuming_.get().ok();
}

std::unique_ptr<Snapshot> RocksStore::snapshot() {
    return std::make_unique<EngineSnapshot>(*db_);
}

std::unique_ptr<Cursor> RocksStore::scan(std::string_view begin, std::string_view end, const Snapshot* at,
                                         Access access) {
    return std::make_unique<EngineCursor>(*db_, directory_, begin, end, at, access);
}

Store::Stats RocksStore::stats() const {
    Stats stats;
    std::uint64_t value = 0;
    if (db_->GetIntProperty(rocksdb::DB::Properties::kTotalSstFilesSize, &value)) stats.disk_bytes = value;
    rocksdb::VectorLogPtr logs;
    if (db_->GetSortedWalFiles(logs).ok())
        for (const auto& log : logs) stats.disk_bytes += log->SizeFileBytes();
    stats.memory_bytes = engine_.cache->GetUsage();
    if (db_->GetIntProperty(rocksdb::DB::Properties::kEstimateTableReadersMem, &value))
        stats.memory_bytes += value;
    stats.syncs = syncs_.load(std::memory_order_relaxed);
    return stats;
}

}  // namespace postrider::kv
