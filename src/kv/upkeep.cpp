// What an administrator asks for: copies, compaction, verification.
#include <fmt/format.h>
#include <rocksdb/sst_file_reader.h>
#include <rocksdb/utilities/checkpoint.h>

#include "kv/failure.h"
#include "kv/rocks_store.h"

namespace postrider::kv {

Result<> RocksStore::checkpoint(const std::filesystem::path& directory) {
    rocksdb::Checkpoint* made = nullptr;
    auto status = rocksdb::Checkpoint::Create(db_.get(), &made);
    std::unique_ptr<rocksdb::Checkpoint> checkpoint{made};
    if (status.ok()) status = checkpoint->CreateCheckpoint(directory.native());
    if (!status.ok()) return std::unexpected(to_failure(status, directory, "making a checkpoint"));
    return {};
}

Result<> RocksStore::compact() {
    auto status = db_->CompactRange(rocksdb::CompactRangeOptions{}, nullptr, nullptr);
    if (!status.ok()) return std::unexpected(to_failure(status, directory_, "compacting"));
    return {};
}

void RocksStore::stop_compacting() {
    db_->DisableManualCompaction();
}

Result<> RocksStore::verify(const std::function<void(int)>& progress) {
    // Table by table rather than DB::VerifyChecksum, so that there is progress to show.
    auto status = db_->Flush(rocksdb::FlushOptions{});
    if (status.ok()) status = db_->DisableFileDeletions();
    if (!status.ok()) return std::unexpected(to_failure(status, directory_, "verifying"));
    struct Deletions {  // also when progress throws
        rocksdb::DB* db;
        ~Deletions() {
            if (db) db->EnableFileDeletions(false).PermitUncheckedError();
        }
    } deletions{db_.get()};
    std::vector<rocksdb::LiveFileMetaData> tables;
    db_->GetLiveFilesMetaData(&tables);
    std::uint64_t total = 0;
    std::uint64_t done = 0;
    for (const auto& table : tables) total += table.size;
    if (progress) progress(0);
    for (const auto& table : tables) {
        rocksdb::SstFileReader reader{engine_.options};
        const std::filesystem::path path = directory_ / std::filesystem::path{table.name}.relative_path();
        status = reader.Open(path.native());
        if (status.ok()) status = reader.VerifyChecksum();
        if (!status.ok())
            return std::unexpected(to_failure(status, directory_, "verifying " + path.filename().native()));
        done += table.size;
        if (progress && total > 0) progress(static_cast<int>(done * 100 / total));
    }
    deletions.db = nullptr;
    status = db_->EnableFileDeletions(false);
    if (!status.ok()) return std::unexpected(to_failure(status, directory_, "verifying"));
    if (progress) progress(100);
    return {};
}

}  // namespace postrider::kv
