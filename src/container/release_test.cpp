#include <map>

#include "container/fixture_for_tests.h"

namespace postrider::container {
namespace {

using testing::ElementsAre;

struct Freeing : ContainerTest {
    std::uint64_t on_disk(Location& location) {
        EXPECT_TRUE(location.sync());
        return allocated(file(0));
    }
};

TEST_F(Freeing, ALargeRecordGivesItsSpaceBackAtOnce) {
    auto location = open();
    add(*location, "before");
    const auto large = add(*location, random_bytes(1'000'000, 1), "", Codec::raw);
    const auto after = add(*location, "after");
    const auto before = on_disk(*location);
    ASSERT_TRUE(location->release(large.id, large.extent));
    EXPECT_LE(on_disk(*location) + 990'000, before);
    EXPECT_EQ(payload_of(*location, after), "after");
    auto gone = location->read(large.id, large.extent);
    ASSERT_FALSE(gone);
    EXPECT_EQ(gone.error().kind, ContainerError::corrupt);
    EXPECT_EQ(location->usage().records, 2U);
}

TEST_F(Freeing, ManySmallRecordsGiveTheirSpaceBackTogetherInWhateverOrder) {
    for (unsigned order = 0; order < 3; ++order) {
        options.directory = scratch.path() / std::to_string(order);
        auto location = open();
        std::vector<Placed> placed;
        for (unsigned i = 0; i < 1000; ++i)
            placed.push_back(add(*location, random_bytes(300 + i % 700, i), "", Codec::raw));
        const auto last = add(*location, "last");
        const auto before = on_disk(*location);
        std::mt19937 random{order};
        if (order == 1) std::reverse(placed.begin(), placed.end());
        if (order == 2) std::shuffle(placed.begin(), placed.end(), random);
        for (const auto& each : placed) ASSERT_TRUE(location->release(each.id, each.extent));
        EXPECT_LE(on_disk(*location) + 650'000, before) << "order " << order;  // of 709 KB; extents cost some
        EXPECT_EQ(payload_of(*location, last), "last");
        EXPECT_EQ(location->usage().records, 1U);
        EXPECT_LE(location->usage().live_bytes, 128U);
    }
}

TEST_F(Freeing, FreeingTwiceDoesNoHarmAndAnothersRecordIsNotTouched) {
    auto location = open();
    const auto first = add(*location, mail(9000, 1));
    const auto second = add(*location, mail(9000, 2));
    ASSERT_TRUE(location->release(first.id, first.extent));
    const auto live = location->usage().live_bytes;
    ASSERT_TRUE(location->release(first.id, first.extent));
    EXPECT_EQ(location->usage().live_bytes, live);
    EXPECT_FALSE(location->release(first.id, second.extent));
    EXPECT_EQ(payload_of(*location, second), mail(9000, 2));
    Extent elsewhere = first.extent;
    elsewhere.file = 9;
    EXPECT_TRUE(location->release(first.id, elsewhere));  // its file has been dropped
}

TEST_F(Freeing, FreedRecordsStayFreedAfterACrash) {
    std::vector<Placed> placed;
    {
        auto location = open();
        for (unsigned i = 0; i < 40; ++i) placed.push_back(add(*location, mail(2000, i)));
        for (unsigned i = 0; i < 40; ++i)
            if (i % 8 != 0) {
                EXPECT_TRUE(location->release(placed[i].id, placed[i].extent));
            }
        ASSERT_TRUE(location->sync());
        options.directory = crashed_copy();
    }
    auto location = open();
    EXPECT_THAT(numbers(recovered(*location)), ElementsAre(1, 9, 17, 25, 33));
    EXPECT_EQ(location->usage().records, 5U);
    ASSERT_TRUE(location->for_each([&](Result<Stored> each) { EXPECT_TRUE(each) << each.error().what; }));
}

TEST_F(Freeing, AHalfEmptyFileIsCompactedAndItsNumberUsedAgain) {
    options.max_file_bytes = 1u << 20;
    std::map<std::uint64_t, std::pair<Placed, std::string>> live;
    auto location = open();
    EXPECT_FALSE(location->worth_compacting(0.1));
    for (unsigned i = 0; i < 500; ++i) {
        const std::string payload = random_bytes(4000, i);
        const auto placed = add(*location, payload);
        if (i % 3 == 0) {
            live[placed.id.value()] = {placed, payload};
        } else {
            ASSERT_TRUE(location->release(placed.id, placed.extent));
        }
    }
    int dropped = 0;
    while (const auto candidate = location->worth_compacting(0.5)) {
        auto records = location->records_of(*candidate);
        ASSERT_TRUE(records);
        for (const auto& record : *records) {
            auto moved = location->move(record.id, record.extent);
            ASSERT_TRUE(moved) << moved.error().what;
            live.at(record.id.value()).first.extent = *moved;
        }
        ASSERT_TRUE(location->sync());
        ASSERT_TRUE(location->drop_file(*candidate));
        EXPECT_FALSE(std::filesystem::exists(file(*candidate)));
        ASSERT_LT(++dropped, 10);
    }
    EXPECT_GE(dropped, 1);
    for (const auto& [id, entry] : live) EXPECT_EQ(payload_of(*location, entry.first), entry.second);
    EXPECT_EQ(location->usage().records, live.size());
    const auto highest = live.rbegin()->first;
    location.reset();
    location = open();
    for (const auto& [id, entry] : live) EXPECT_EQ(payload_of(*location, entry.first), entry.second);
    EXPECT_GT(add(*location, "x").id.value(), highest);
}

TEST_F(Freeing, WhatWasStoredInAHurryIsPackedWhenItIsMoved) {
    options.max_file_bytes = 1u << 20;
    std::map<std::uint64_t, std::pair<Placed, std::string>> live;
    auto location = open();
    for (unsigned i = 0; i < 40; ++i) {
        const std::string payload = random_text(50'000, i);
        Record record = Record::make("meta", payload, Codec::packed, Effort::none);
        EXPECT_EQ(record.codec(), Codec::raw);
        Record* const group[] = {&record};
        auto placed = location->append(group);
        ASSERT_TRUE(placed);
        live[placed->front().id.value()] = {placed->front(), payload};
    }
    ASSERT_TRUE(location->sync());
    const auto before = location->usage().live_bytes;
    location.reset();
    location = open();  // it is remembered
    int dropped = 0;
    while (const auto candidate = location->worth_compacting(0.3)) {
        const auto records = location->records_of(*candidate);
        ASSERT_TRUE(records);
        for (const auto& record : *records) {
            auto moved = location->move(record.id, record.extent);
            ASSERT_TRUE(moved) << moved.error().what;
            EXPECT_LE(moved->stored_size, record.extent.stored_size);
            EXPECT_EQ(moved->payload_size, record.extent.payload_size);
            live.at(record.id.value()).first.extent = *moved;
        }
        ASSERT_TRUE(location->sync());
        ASSERT_TRUE(location->drop_file(*candidate));
        ASSERT_LT(++dropped, 10);
    }
    EXPECT_GE(dropped, 1);
    EXPECT_LT(location->usage().live_bytes, before * 7 / 10);
    for (const auto& [id, entry] : live) {
        EXPECT_EQ(payload_of(*location, entry.first), entry.second);
        EXPECT_EQ(location->read(BlobId{id}, entry.first.extent)->meta, "meta");
    }
}

TEST_F(Freeing, Base64IsTakenOutInAnyHurry) {
    const std::string payload = "Subject: x\r\n\r\n" + base64(random_bytes(60'000, 1));
    EXPECT_EQ(Record::make("", payload, Codec::packed, Effort::none).codec(), Codec::packed);
}

TEST_F(Freeing, IdsAreNotGivenOutAgainWhenTheNewestFileWasDropped) {
    Placed placed;
    {
        auto location = open();
        placed = add(*location, "x");
        ASSERT_TRUE(location->release(placed.id, placed.extent));
    }
    {
        auto location = open();
        ASSERT_TRUE(location->drop_file(placed.extent.file));
        options.directory = crashed_copy();
    }
    auto location = open();
    EXPECT_GT(add(*location, "y").id.value(), placed.id.value());
}

TEST_F(Freeing, TheFileBeingWrittenIsNotDropped) {
    auto location = open();
    const auto placed = add(*location, "x");
    EXPECT_EQ(location->drop_file(placed.extent.file).error().kind, ContainerError::io);
    EXPECT_EQ(payload_of(*location, placed), "x");
}

}  // namespace
}  // namespace postrider::container
