#include "kv/kv.h"

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <fstream>
#include <map>
#include <random>
#include <thread>

#include "base/test_folder.h"

namespace postrider::kv {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::unique_ptr<Store> must_open(const std::filesystem::path& path, Options options = {}) {
    auto store = Store::open(path, options);
    if (!store) throw std::runtime_error(store.error().what);
    return std::move(*store);
}

void put(Store& store, std::string_view key, std::string_view value,
         Durability durability = Durability::soon) {
    Batch batch;
    batch.put(key, value);
    ASSERT_TRUE(store.write(std::move(batch), durability));
}

std::vector<std::string> keys(Cursor& cursor) {
    std::vector<std::string> found;
    for (; cursor.valid(); cursor.next()) found.emplace_back(cursor.key());
    EXPECT_TRUE(cursor.status());
    return found;
}

struct KvStore : testing::Test {
    TestFolder scratch;
    std::filesystem::path path = scratch.path() / "kv";
};

TEST_F(KvStore, WhatWasWrittenIsReadBackAlsoAfterReopening) {
    {
        auto store = must_open(path);
        put(*store, "a", "1");
        put(*store, std::string("b\0c", 3), std::string("\0\xff", 2));
        EXPECT_EQ(store->get("a")->value(), "1");
        EXPECT_FALSE(store->get("nothing")->has_value());
    }
    auto store = must_open(path);
    EXPECT_EQ(store->get(std::string("b\0c", 3))->value(), std::string("\0\xff", 2));
}

TEST_F(KvStore, ABatchHappensInItsOrder) {
    auto store = must_open(path);
    put(*store, "b", "old");
    Batch batch;
    EXPECT_TRUE(batch.empty());
    batch.put("a", "1");
    batch.erase_range("a", "c");
    batch.put("c", "2");
    batch.put("d", "3");
    batch.erase("d");
    EXPECT_FALSE(batch.empty());
    ASSERT_TRUE(store->write(std::move(batch)));
    EXPECT_THAT(keys(*store->scan("", "")), ElementsAre("c"));
}

TEST_F(KvStore, ARangeEndsBeforeItsEndAndNeverShowsTheStoresOwnKeys) {
    auto store = must_open(path);
    for (auto key : {"a", "b", "b1", "c", "\xfe"}) put(*store, key, key);
    EXPECT_THAT(keys(*store->scan("b", "c")), ElementsAre("b", "b1"));
    EXPECT_THAT(keys(*store->scan("", "")), ElementsAre("a", "b", "b1", "c", "\xfe"));
    EXPECT_THAT(keys(*store->scan("c", "\xff\xff")), ElementsAre("c", "\xfe"));
    EXPECT_THAT(keys(*store->scan("c", "a")), ElementsAre());
    EXPECT_THAT(keys(*store->scan("b", "b")), ElementsAre());
}

TEST_F(KvStore, ACursorMovesBothWaysWithinItsRange) {
    auto store = must_open(path);
    for (auto key : {"a", "b", "c", "d", "e"}) put(*store, key, key);
    auto cursor = store->scan("b", "e");
    EXPECT_EQ(cursor->key(), "b");
    cursor->seek("a");
    EXPECT_EQ(cursor->key(), "b");
    cursor->seek_for_prev("z");
    EXPECT_EQ(cursor->key(), "d");
    EXPECT_EQ(cursor->value(), "d");
    cursor->prev();
    EXPECT_EQ(cursor->key(), "c");
    cursor->seek("cc");
    EXPECT_EQ(cursor->key(), "d");
    cursor->seek_for_prev("cc");
    EXPECT_EQ(cursor->key(), "c");
    cursor->seek_for_prev("a");
    EXPECT_FALSE(cursor->valid());
    cursor->seek("e");
    EXPECT_FALSE(cursor->valid());
    cursor->next();
    cursor->prev();
    EXPECT_FALSE(cursor->valid());
    EXPECT_TRUE(cursor->status());
}

TEST_F(KvStore, ACursorThatReadsManySeesTheSame) {
    auto store = must_open(path);
    for (int i = 0; i < 5000; ++i) put(*store, fmt::format("k{:06}", i), std::string(300, 'v'));
    ASSERT_TRUE(store->compact());
    EXPECT_EQ(keys(*store->scan("k001000", "k004000", nullptr, Access::many)),
              keys(*store->scan("k001000", "k004000")));
}

TEST_F(KvStore, ASnapshotAndACursorKeepTheirMoment) {
    auto store = must_open(path);
    put(*store, "a", "1");
    auto snapshot = store->snapshot();
    auto cursor = store->scan("", "");
    put(*store, "a", "2");
    put(*store, "b", "2");
    EXPECT_EQ(store->get("a", snapshot.get())->value(), "1");
    EXPECT_FALSE(store->get("b", snapshot.get())->has_value());
    EXPECT_THAT(keys(*store->scan("", "", snapshot.get())), ElementsAre("a"));
    EXPECT_EQ(cursor->value(), "1");
    EXPECT_EQ(store->get("a")->value(), "2");
}

TEST_F(KvStore, SyncIsFreeWhenNothingIsUnsynced) {
    auto store = must_open(path);
    put(*store, "a", "1");
    ASSERT_TRUE(store->sync());
    const auto before = store->stats().syncs;
    for (int i = 0; i < 10; ++i) ASSERT_TRUE(store->sync());
    EXPECT_EQ(store->stats().syncs, before);
}

TEST_F(KvStore, ConcurrentDurableWritesShareFlushes) {
    auto store = must_open(path);
    const auto before = store->stats().syncs;
    std::vector<std::thread> writers;
    for (int w = 0; w < 16; ++w)
        writers.emplace_back([&store, w] {
            for (int i = 0; i < 50; ++i) put(*store, fmt::format("{}.{}", w, i), "x", Durability::now);
        });
    for (auto& writer : writers) writer.join();
    EXPECT_EQ(keys(*store->scan("", "")).size(), 800U);
    EXPECT_LT(store->stats().syncs - before, 600U);
}

TEST_F(KvStore, AnOpenStoreIsLockedAndTheOwnerIsNamed) {
    auto store = must_open(path);
    auto second = Store::open(path, {});
    ASSERT_FALSE(second);
    EXPECT_EQ(second.error().kind, KvError::locked);
    EXPECT_THAT(second.error().what, HasSubstr("pid " + std::to_string(getpid())));
    EXPECT_THAT(second.error().what, HasSubstr("owner.pid"));
}

TEST_F(KvStore, ANewerStoreIsRefusedAndBothNumbersAreNamed) {
    must_open(path, {.format = 7});
    auto older = Store::open(path, {.format = 5});
    ASSERT_FALSE(older);
    EXPECT_EQ(older.error().kind, KvError::newer);
    EXPECT_THAT(older.error().what, HasSubstr("format 7"));
    EXPECT_THAT(older.error().what, HasSubstr("up to 5"));
    must_open(path, {.format = 8});
    EXPECT_FALSE(Store::open(path, {.format = 7}));
}

TEST_F(KvStore, AMissingStoreIsNotMadeUnlessAskedFor) {
    auto store = Store::open(path, {.create_if_missing = false});
    ASSERT_FALSE(store);
    EXPECT_EQ(store.error().kind, KvError::io);
}

TEST_F(KvStore, ACheckpointIsACopyThatOpensOnItsOwn) {
    auto store = must_open(path);
    for (int i = 0; i < 1000; ++i) put(*store, fmt::format("k{:04}", i), "v");
    ASSERT_TRUE(store->checkpoint(scratch.path() / "copy"));
    put(*store, "later", "x");
    auto copy = must_open(scratch.path() / "copy");
    EXPECT_EQ(keys(*copy->scan("", "")).size(), 1000U);
    EXPECT_FALSE(store->checkpoint(scratch.path() / "copy"));
}

void spoil_tables(const std::filesystem::path& path) {
    for (const auto& entry : std::filesystem::directory_iterator{path}) {
        if (entry.path().extension() != ".sst") continue;
        std::fstream file{entry.path(), std::ios::in | std::ios::out | std::ios::binary};
        file.seekp(200);
        file.write("SPOILED", 7);
    }
}

TEST_F(KvStore, VerifyFindsASpoiledTable) {
    auto store = must_open(path);
    std::mt19937 random{1};
    for (int i = 0; i < 2000; ++i) put(*store, fmt::format("k{:04}", i), std::to_string(random()));
    int last = -1;
    ASSERT_TRUE(store->verify([&](int percent) { last = percent; }));
    EXPECT_EQ(last, 100);
    spoil_tables(path);
    auto verified = store->verify({});
    ASSERT_FALSE(verified);
    EXPECT_EQ(verified.error().kind, KvError::corrupt);
}

TEST_F(KvStore, NoEngineLogsAreLeftBeside) {
    for (int i = 0; i < 3; ++i) put(*must_open(path), "a", "1");
    for (const auto& entry : std::filesystem::directory_iterator{path})
        EXPECT_FALSE(entry.path().filename().native().starts_with("LOG")) << entry.path();
}

TEST_F(KvStore, AgreesWithAMapUnderRandomUse) {
    auto store = must_open(path, {.write_buffer_bytes = 1u << 20});
    std::map<std::string, std::string> model;
    std::mt19937 random{7};
    const auto key = [&] { return fmt::format("{:03}", random() % 500); };
    for (int step = 0; step < 4000; ++step) {
        Batch batch;
        for (unsigned n = random() % 5; n > 0; --n) {
            const auto k = key();
            switch (random() % 8) {
                case 0:
                    batch.erase(k);
                    model.erase(k);
                    break;
                case 1: {
                    const auto end = k + std::to_string(random() % 10);
                    batch.erase_range(k, end);
                    model.erase(model.lower_bound(k), model.lower_bound(end));
                    break;
                }
                default:
                    model[k] = std::string(random() % 600, static_cast<char>('a' + step % 26));
                    batch.put(k, model[k]);
                    break;
            }
        }
        ASSERT_TRUE(store->write(std::move(batch), step % 50 == 0 ? Durability::now : Durability::soon));
        if (step % 500 == 499) {
            std::map<std::string, std::string> found;
            for (auto cursor = store->scan("", ""); cursor->valid(); cursor->next())
                found.emplace(cursor->key(), cursor->value());
            ASSERT_EQ(found, model);
            if (step % 1000 == 999) store.reset(), store = must_open(path, {.write_buffer_bytes = 1u << 20});
        }
    }
}

/// The nice values of this process's threads of that name.
std::vector<int> niceness_of(std::string_view name) {
    std::vector<int> found;
    for (const auto& thread : std::filesystem::directory_iterator{"/proc/self/task"}) {
        std::string comm;
        std::getline(std::ifstream{thread.path() / "comm"}, comm);
        const int number = std::stoi(thread.path().filename().native());
        if (comm == name) found.push_back(::getpriority(PRIO_PROCESS, static_cast<id_t>(number)));
    }
    return found;
}

TEST_F(KvStore, CompactionStandsBack) {
    auto store = must_open(path, {.write_buffer_bytes = 1u << 20});
    put(*store, "a", "1");
    ASSERT_TRUE(store->compact());
    const auto found = niceness_of("rocksdb:low");
    EXPECT_FALSE(found.empty());
    EXPECT_THAT(found, testing::Each(testing::Ge(10)));
}

}  // namespace
}  // namespace postrider::kv
