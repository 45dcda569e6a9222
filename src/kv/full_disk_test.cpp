#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <atomic>
#include <thread>

#include "base/test_eventually.h"
#include "base/test_folder.h"
#include "kv/rocks_store.h"

namespace postrider::kv {
namespace {

using testing::HasSubstr;

enum class Disk { fine, full, failing };

rocksdb::IOStatus answer(Disk disk) {
    if (disk == Disk::full) return rocksdb::IOStatus::NoSpace("No space left on device");
    return rocksdb::IOStatus::IOError("Input/output error");
}

class StubbornFile final : public rocksdb::FSWritableFileOwnerWrapper {
public:
    StubbornFile(std::unique_ptr<rocksdb::FSWritableFile> file, const std::atomic<Disk>& writes,
                 const std::atomic<Disk>& syncs)
        : FSWritableFileOwnerWrapper{std::move(file)}, writes_{writes}, syncs_{syncs} {}

    rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                             rocksdb::IODebugContext* context) override {
        if (writes_ != Disk::fine) return answer(writes_);
        return FSWritableFileOwnerWrapper::Append(data, options, context);
    }
    rocksdb::IOStatus Append(const rocksdb::Slice& data, const rocksdb::IOOptions& options,
                             const rocksdb::DataVerificationInfo& info,
                             rocksdb::IODebugContext* context) override {
        if (writes_ != Disk::fine) return answer(writes_);
        return FSWritableFileOwnerWrapper::Append(data, options, info, context);
    }
    rocksdb::IOStatus Sync(const rocksdb::IOOptions& options, rocksdb::IODebugContext* context) override {
        if (syncs_ != Disk::fine) return answer(syncs_);
        return FSWritableFileOwnerWrapper::Sync(options, context);
    }
    rocksdb::IOStatus Fsync(const rocksdb::IOOptions& options, rocksdb::IODebugContext* context) override {
        if (syncs_ != Disk::fine) return answer(syncs_);
        return FSWritableFileOwnerWrapper::Fsync(options, context);
    }

private:
    const std::atomic<Disk>& writes_;
    const std::atomic<Disk>& syncs_;
};

class StubbornDisk final : public rocksdb::FileSystemWrapper {
public:
    StubbornDisk() : FileSystemWrapper{rocksdb::FileSystem::Default()} {}
    const char* Name() const override { return "StubbornDisk"; }

    rocksdb::IOStatus NewWritableFile(const std::string& name, const rocksdb::FileOptions& options,
                                      std::unique_ptr<rocksdb::FSWritableFile>* file,
                                      rocksdb::IODebugContext* context) override {
        std::unique_ptr<rocksdb::FSWritableFile> inner;
        if (makes != Disk::fine) return answer(makes);
        auto status = FileSystemWrapper::NewWritableFile(name, options, &inner, context);
        if (status.ok()) *file = std::make_unique<StubbornFile>(std::move(inner), writes, syncs);
        return status;
    }

    std::atomic<Disk> writes = Disk::fine;
    std::atomic<Disk> makes = Disk::fine;
    std::atomic<Disk> syncs = Disk::fine;
};

struct StubbornStore : testing::Test {
    TestFolder scratch;
    std::shared_ptr<StubbornDisk> disk = std::make_shared<StubbornDisk>();
    std::unique_ptr<rocksdb::Env> env = rocksdb::NewCompositeEnv(disk);
    std::unique_ptr<Store> store = open();

    std::unique_ptr<Store> open() {
        auto opened = RocksStore::open(scratch.path() / "kv", {.write_buffer_bytes = 1u << 20}, env.get());
        if (!opened) throw std::runtime_error(opened.error().what);
        return std::move(*opened);
    }
    /// Tries until the store has noticed that there is room again.
    Result<> put_at_last(std::string_view key, std::chrono::seconds limit = std::chrono::seconds{60}) {
        Result<> ok = put(key, Durability::now);
        if (!ok) eventually([&] { return (ok = put(key, Durability::now)).has_value(); }, limit);
        return ok;
    }
    Result<> put(std::string_view key, Durability durability = Durability::soon) {
        Batch batch;
        batch.put(key, std::string(1000, 'v'));
        return store->write(std::move(batch), durability);
    }
};

TEST_F(StubbornStore, AFullDiskIsNamedAndTheStoreGoesOnWhenThereIsRoom) {
    ASSERT_TRUE(put("before", Durability::now));
    disk->writes = Disk::full;
    for (int i = 0; i < 3; ++i) {
        auto failed = put("during");
        ASSERT_FALSE(failed);
        EXPECT_EQ(failed.error().kind, KvError::io);
        EXPECT_THAT(failed.error().what, HasSubstr("disk full"));
    }
    EXPECT_TRUE(store->get("before")->has_value());
    EXPECT_FALSE(store->get("during")->has_value());
    disk->writes = Disk::fine;
    auto ok = put_at_last("after");
    ASSERT_TRUE(ok) << ok.error().what;
    store.reset();
    store = open();
    EXPECT_TRUE(store->get("before")->has_value());
    EXPECT_TRUE(store->get("after")->has_value());
    EXPECT_FALSE(store->get("during")->has_value());
}

TEST_F(StubbornStore, ADiskWithNoRoomForANewLogIsNotTheEnd) {
    ASSERT_TRUE(put("before", Durability::now));
    disk->writes = disk->makes = Disk::full;
    ASSERT_FALSE(put("during"));
    disk->writes = Disk::fine;  // the attempt to go on now meets the full disk while it makes a log
    for (int i = 0; i < 20; ++i) {
        EXPECT_FALSE(put("during"));
        std::this_thread::sleep_for(std::chrono::milliseconds{50});
    }
    disk->makes = Disk::fine;
    auto ok = put_at_last("after");
    ASSERT_TRUE(ok) << ok.error().what;
    store.reset();
    store = open();
    EXPECT_TRUE(store->get("before")->has_value());
    EXPECT_TRUE(store->get("after")->has_value());
    EXPECT_FALSE(store->get("during")->has_value());
}

TEST_F(StubbornStore, ADiskThatFillsUpWhileTablesAreWrittenLosesNothing) {
    std::vector<std::string> accepted;
    for (int round = 0; round < 3; ++round) {
        for (int i = 0; i < 3000; ++i) {
            if (i == 1500) disk->writes = Disk::full;
            const std::string key = fmt::format("{}.{}", round, i);
            if (put(key)) accepted.push_back(key);
        }
        disk->writes = Disk::fine;
        const std::string key = fmt::format("again {}", round);
        if (auto ok = put_at_last(key, std::chrono::seconds{4}); !ok) {
            // The engine may not find out of it by itself (recover()): then it goes on refusing, and a
            // restart helps.
            EXPECT_EQ(ok.error().kind, KvError::io);
            store.reset();
            store = open();
            ASSERT_TRUE(put(key, Durability::now));
        }
        accepted.push_back(key);
    }
    store.reset();
    store = open();
    for (const auto& key : accepted) ASSERT_TRUE(store->get(key)->has_value()) << key;
    EXPECT_GE(accepted.size(), 4500U);
}

TEST_F(StubbornStore, AFlushThatFailedIsNotBelievedUntilTheStoreIsOpenedAgain) {
    ASSERT_TRUE(put("a"));
    disk->syncs = Disk::failing;
    auto failed = store->sync();
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().kind, KvError::io);
    disk->syncs = Disk::fine;
    EXPECT_FALSE(store->sync());
    EXPECT_FALSE(put("b", Durability::now));
    EXPECT_TRUE(store->get("a")->has_value());
    store.reset();
    store = open();
    EXPECT_TRUE(put("c", Durability::now));
    EXPECT_TRUE(store->get("a")->has_value());
}

}  // namespace
}  // namespace postrider::kv
