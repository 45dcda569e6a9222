#pragma once

#include <rocksdb/db.h>

#include <filesystem>

#include "kv/kv.h"

namespace postrider::kv {

class EngineSnapshot final : public Snapshot {
public:
    explicit EngineSnapshot(rocksdb::DB& db) : db_{db}, snapshot_{db.GetSnapshot()} {}
    ~EngineSnapshot() override { db_.ReleaseSnapshot(snapshot_); }
    EngineSnapshot(const EngineSnapshot&) = delete;
    EngineSnapshot& operator=(const EngineSnapshot&) = delete;

    const rocksdb::Snapshot* get() const { return snapshot_; }

private:
    rocksdb::DB& db_;
    const rocksdb::Snapshot* snapshot_;
};

class EngineCursor final : public Cursor {
public:
    EngineCursor(rocksdb::DB& db, const std::filesystem::path& directory, std::string_view begin,
                 std::string_view end, const Snapshot* at, Access access);

    bool valid() const override { return valid_; }
    std::string_view key() const override { return key_; }
    std::string_view value() const override { return value_; }
    void next() override;
    void prev() override;
    void seek(std::string_view key) override;
    void seek_for_prev(std::string_view key) override;
    Result<> status() const override;

private:
    void look();

    const std::filesystem::path& directory_;  // the store's, which outlives us
    std::string begin_;
    std::string end_;
    rocksdb::Slice lower_;  // the iterator keeps pointers to these two
    rocksdb::Slice upper_;
    std::unique_ptr<rocksdb::Iterator> iterator_;
    bool valid_ = false;
    std::string_view key_;
    std::string_view value_;
};

}  // namespace postrider::kv
