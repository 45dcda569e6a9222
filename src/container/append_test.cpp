#include "container/fixture_for_tests.h"

namespace postrider::container {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST_F(ContainerTest, WhatWasAppendedIsReadBackAlsoAfterReopening) {
    const std::string small = mail(4000, 1);
    const std::string large = mail(900'000, 2, true);
    Placed first, second, empty;
    {
        auto location = open();
        first = add(*location, small, "envelope");
        second = add(*location, large);
        empty = add(*location, "", "");
        ASSERT_TRUE(location->sync());
        EXPECT_EQ(payload_of(*location, first), small);
    }
    auto location = open();
    auto stored = location->read(first.id, first.extent);
    ASSERT_TRUE(stored) << stored.error().what;
    EXPECT_EQ(stored->payload, small);
    EXPECT_EQ(stored->meta, "envelope");
    EXPECT_EQ(stored->extent, first.extent);
    EXPECT_EQ(stored->hash, Record::make("", small).hash());
    EXPECT_EQ(payload_of(*location, second), large);
    EXPECT_EQ(payload_of(*location, empty), "");
}

TEST_F(ContainerTest, IdsCarryTheLocationAndGrowAcrossRestarts) {
    std::uint64_t last = 0;
    for (int round = 0; round < 3; ++round) {
        auto location = open();
        for (int i = 0; i < 3; ++i) {
            const auto placed = add(*location, "x");
            EXPECT_EQ(placed.id.value() >> 48, 7U);
            EXPECT_GT(placed.id.value(), last);
            last = placed.id.value();
        }
    }
    EXPECT_EQ(last & 0xffff, 9U);
}

TEST_F(ContainerTest, AGroupLiesInItsOrder) {
    auto location = open();
    std::vector<Record> records;
    for (unsigned i = 0; i < 3000; ++i) records.push_back(Record::make(std::to_string(i), mail(1000, i)));
    std::vector<Record*> group;
    for (auto& record : records) group.push_back(&record);
    auto placed = location->append(group);  // more pieces than one call takes, more bytes than one file
    ASSERT_TRUE(placed) << placed.error().what;
    ASSERT_EQ(placed->size(), group.size());
    for (unsigned i = 0; i < 3000; i += 37) {
        auto stored = location->read((*placed)[i].id, (*placed)[i].extent);
        ASSERT_TRUE(stored) << stored.error().what;
        EXPECT_EQ(stored->meta, std::to_string(i));
        EXPECT_EQ(stored->payload, mail(1000, i));
    }
}

TEST_F(ContainerTest, AHeadIsReadWithoutTheRest) {
    auto location = open();
    for (const auto& message :
         {mail(4000, 1), mail(700'000, 2, true), mail(700'000, 3), random_bytes(500'000, 4)}) {
        const auto placed = add(*location, message);
        for (std::size_t size : {0U, 1U, 100U, 5000U, 20'000U, 100'000U, 10'000'000U}) {
            auto head = location->read_head(placed.id, placed.extent, size);
            ASSERT_TRUE(head) << head.error().what;
            EXPECT_GE(head->size(), std::min(size, message.size()));
            EXPECT_EQ(*head, message.substr(0, head->size()));
        }
    }
}

TEST_F(ContainerTest, AWrongIdOrAWrongPlaceIsNotAnswered) {
    auto location = open();
    const auto first = add(*location, mail(3000, 1));
    const auto second = add(*location, mail(3000, 2));
    EXPECT_EQ(location->read(first.id, second.extent).error().kind, ContainerError::corrupt);
    Extent beside = first.extent;
    beside.offset += 64;
    EXPECT_EQ(location->read(first.id, beside).error().kind, ContainerError::corrupt);
    beside = first.extent;
    beside.file = 0x55;
    EXPECT_EQ(location->read(first.id, beside).error().kind, ContainerError::corrupt);
    beside = first.extent;
    beside.stored_size = 10;
    EXPECT_EQ(location->read(first.id, beside).error().kind, ContainerError::corrupt);
}

TEST_F(ContainerTest, ASpoiledRecordIsNotHandedOut) {
    auto location = open();
    const auto placed = add(*location, mail(3000, 1));
    add(*location, mail(3000, 2));
    overwrite(file(0), placed.extent.offset + placed.extent.stored_size / 2, "?!");
    auto stored = location->read(placed.id, placed.extent);
    ASSERT_FALSE(stored);
    EXPECT_EQ(stored.error().kind, ContainerError::corrupt);
    EXPECT_THAT(stored.error().what, HasSubstr("00.hsf at " + std::to_string(placed.extent.offset)));
    int whole = 0, damaged = 0;
    ASSERT_TRUE(location->for_each([&](Result<Stored> each) { ++(each ? whole : damaged); }));
    EXPECT_EQ(whole, 1);
    EXPECT_EQ(damaged, 1);
}

TEST_F(ContainerTest, ARecordBehindASpoiledHeaderIsStillFound) {
    auto location = open();
    const auto first = add(*location, mail(30'000, 1));
    const auto second = add(*location, mail(3000, 2));
    overwrite(file(0), first.extent.offset, "????");
    std::vector<BlobId> whole;
    int damaged = 0;
    ASSERT_TRUE(location->for_each([&](Result<Stored> each) {
        if (each)
            whole.push_back(each->id);
        else
            ++damaged;
    }));
    EXPECT_THAT(whole, ElementsAre(second.id));
    EXPECT_EQ(damaged, 1);
}

TEST_F(ContainerTest, ARecordWithinAMessageIsNotTakenForOne) {
    auto location = open();
    add(*location, "inner", "", Codec::raw);
    std::string bytes(8192, '\0');
    const int fd = ::open(file(0).c_str(), O_RDONLY);
    ASSERT_GT(pread(fd, bytes.data(), bytes.size(), 0), 0);
    close(fd);
    const auto outer = add(*location, bytes, "", Codec::raw);
    overwrite(file(0), outer.extent.offset, "????");  // so that it is searched
    int whole = 0;
    ASSERT_TRUE(location->for_each([&](Result<Stored> each) { whole += each ? 1 : 0; }));
    EXPECT_EQ(whole, 1);
}

TEST_F(ContainerTest, AFullLocationSaysSoAndKeepsWhatItHas) {
    options.max_files = 2;
    options.max_file_bytes = 1u << 20;
    auto location = open();
    std::vector<Placed> placed;
    while (true) {
        Record record =
            Record::make("", random_bytes(60'000, static_cast<unsigned>(placed.size())), Codec::raw);
        Record* const group[] = {&record};
        auto added = location->append(group);
        if (!added) {
            EXPECT_EQ(added.error().kind, ContainerError::full);
            EXPECT_THAT(added.error().what, HasSubstr("all 2 files"));
            break;
        }
        placed.push_back(added->front());
        ASSERT_LT(placed.size(), 100U);
    }
    EXPECT_GT(placed.size(), 32U);
    for (unsigned i = 0; i < placed.size(); ++i)
        EXPECT_EQ(payload_of(*location, placed[i]), random_bytes(60'000, i));
    EXPECT_LE(std::filesystem::file_size(file(0)), 1u << 20);
    EXPECT_LE(std::filesystem::file_size(file(1)), 1u << 20);
    EXPECT_LT(location->usage().free_bytes, 120'000U);
    add(*location, "a small one still fits");
}

TEST_F(ContainerTest, ALocationWhoseFilesAreAllClosedIsFull) {
    options.max_files = 1;
    options.max_file_bytes = 1u << 20;
    auto location = open();
    EXPECT_FALSE(location->full());
    add(*location, random_bytes((1u << 20) - 8192, 1), "", Codec::raw);
    EXPECT_TRUE(location->full());
}

TEST_F(ContainerTest, ARecordLargerThanAFileIsRefused) {
    options.max_file_bytes = 1u << 20;
    auto location = open();
    Record record = Record::make("", random_bytes(2u << 20, 1));
    Record* const group[] = {&record};
    EXPECT_EQ(location->append(group).error().kind, ContainerError::full);
}

TEST_F(ContainerTest, LittleRoomOnTheDiskCountsAsFull) {
    options.min_disk_free_bytes = 1u << 20;
    disk.free_space = 1000;
    auto location = open();
    EXPECT_TRUE(location->full());
    EXPECT_EQ(location->usage().free_bytes, 0U);
    Record record = Record::make("", "x");
    Record* const group[] = {&record};
    EXPECT_EQ(location->append(group).error().kind, ContainerError::full);
}

TEST_F(ContainerTest, AGroupThatFailsLeavesNothingAndCanBeTriedAgain) {
    auto location = open();
    const auto before = add(*location, mail(3000, 1));
    const auto mark = location->mark();
    std::vector<Record> records;
    for (unsigned i = 0; i < 4; ++i) records.push_back(Record::make("", mail(5000, 10 + i)));
    std::vector<Record*> group;
    for (auto& record : records) group.push_back(&record);
    disk.write_error = ENOSPC;
    auto failed = location->append(group);
    ASSERT_FALSE(failed);
    EXPECT_EQ(failed.error().kind, ContainerError::full);
    EXPECT_EQ(location->mark().ends, mark.ends);
    EXPECT_EQ(location->usage().records, 1U);
    EXPECT_EQ(std::filesystem::file_size(file(0)), mark.ends.front().second);
    disk.write_error = 0;
    auto placed = location->append(group);
    ASSERT_TRUE(placed) << placed.error().what;
    EXPECT_GT(placed->front().id.value(), before.id.value() + 4);  // numbers are not used again
    for (unsigned i = 0; i < 4; ++i) EXPECT_EQ(payload_of(*location, (*placed)[i]), mail(5000, 10 + i));
    disk.write_error = EIO;
    EXPECT_EQ(location->append(group).error().kind, ContainerError::io);
}

TEST_F(ContainerTest, AFailedFlushStopsAppendsUntilReopened) {
    std::uint64_t last = 0;
    {
        auto location = open();
        const auto placed = add(*location, mail(3000, 1));
        last = placed.id.value();
        disk.sync_error = EIO;
        auto synced = location->sync();
        ASSERT_FALSE(synced);
        EXPECT_EQ(synced.error().kind, ContainerError::io);
        disk.sync_error = 0;
        EXPECT_FALSE(location->sync());
        EXPECT_TRUE(location->full());
        Record record = Record::make("", "x");
        Record* const group[] = {&record};
        auto added = location->append(group);
        ASSERT_FALSE(added);
        EXPECT_EQ(added.error().kind, ContainerError::io);
        EXPECT_THAT(added.error().what, HasSubstr("opened again"));
        EXPECT_EQ(payload_of(*location, placed), mail(3000, 1));
    }
    auto location = open();
    EXPECT_EQ(recovered(*location).size(), 1U);
    EXPECT_GT(add(*location, "y").id.value(), last);
}

TEST_F(ContainerTest, SyncWithNothingUnsyncedFlushesNothing) {
    auto location = open();
    add(*location, "x");
    ASSERT_TRUE(location->sync());
    const auto before = location->usage().syncs;
    ASSERT_TRUE(location->sync());
    EXPECT_EQ(location->usage().syncs, before);
}

TEST_F(ContainerTest, ASmallLocationTakesLittleOfTheDisk) {
    auto location = open();
    for (unsigned i = 0; i < 3; ++i) add(*location, mail(3000, i));
    ASSERT_TRUE(location->sync());
    EXPECT_LE(allocated(file(0)), 256u << 10);
    location.reset();
    EXPECT_LE(allocated(file(0)), 16u << 10);  // closed cleanly: what was laid out ahead is given back
}

}  // namespace
}  // namespace postrider::container
