#include <map>

#include "container/fixture_for_tests.h"

namespace postrider::container {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST_F(ContainerTest, WhatLiesBehindTheMarkIsFoundAfterACrash) {
    Mark mark;
    {
        auto location = open();
        add(*location, mail(3000, 1));
        mark = location->mark();
        add(*location, mail(3000, 2), "envelope 2");
        add(*location, mail(3000, 3), "envelope 3");
        ASSERT_TRUE(location->sync());
        options.directory = crashed_copy();
    }
    auto location = open();
    auto all = recovered(*location, *Mark::decode(mark.encode()));
    ASSERT_THAT(numbers(all), ElementsAre(2, 3));
    EXPECT_EQ(all[0].meta, "envelope 2");
    EXPECT_EQ(all[1].payload, mail(3000, 3));
    EXPECT_EQ(location->usage().records, 3U);
    EXPECT_EQ(add(*location, "x").id.value() & 0xffff, 4U);
}

TEST_F(ContainerTest, WhatLiesBehindTheMarkIsFoundAfterACleanStopToo) {
    Mark mark;
    {
        auto location = open();
        mark = location->mark();
        add(*location, mail(3000, 1));
        const auto freed = add(*location, mail(3000, 2));
        add(*location, mail(3000, 3));
        ASSERT_TRUE(location->release(freed.id, freed.extent));
    }
    auto location = open();
    EXPECT_THAT(numbers(recovered(*location, mark)), ElementsAre(1, 3));
    EXPECT_THAT(recovered(*location, location->mark()), IsEmpty());
}

TEST_F(ContainerTest, FilesMadeSinceTheMarkAreFoundInTheirOrder) {
    options.max_file_bytes = 1u << 20;
    Mark mark;
    {
        auto location = open();
        for (unsigned i = 0; i < 12; ++i) add(*location, random_bytes(104'000, i));
        mark = location->mark();
        EXPECT_EQ(mark.ends.size(), 1U);  // the first one is closed for good
        for (unsigned i = 0; i < 30; ++i) add(*location, random_bytes(104'000, i));
        ASSERT_TRUE(location->sync());
        options.directory = crashed_copy();
    }
    auto location = open();
    std::vector<std::uint64_t> expected;
    for (std::uint64_t n = 13; n <= 42; ++n) expected.push_back(n);
    EXPECT_EQ(numbers(recovered(*location, mark)), expected);
}

TEST_F(ContainerTest, AnAppendWithoutRecoverFindsTheEndItself) {
    std::vector<Placed> placed;
    {
        auto location = open();
        for (unsigned i = 0; i < 5; ++i) placed.push_back(add(*location, mail(3000, i)));
        options.directory = crashed_copy();
    }
    auto location = open();
    placed.push_back(add(*location, mail(3000, 5)));
    EXPECT_EQ(placed.back().id.value() & 0xffff, 6U);
    for (unsigned i = 0; i < 6; ++i) EXPECT_EQ(payload_of(*location, placed[i]), mail(3000, i));
}

/// Whatever a power cut does to pages that were not synced, the synced ones are found, and what is found is
/// whole.
TEST_F(ContainerTest, NoSpoiltTailHidesWhatWasSyncedOrBringsBackWhatIsBroken) {
    const auto original = options.directory;
    std::map<std::uint64_t, std::string> written;
    std::uint64_t synced_end = 0;
    std::uint64_t synced_last = 0;
    Mark mark;
    std::filesystem::path crashed;
    {
        auto location = open();
        unsigned seed = 0;
        const auto write = [&](unsigned count) {
            for (unsigned i = 0; i < count; ++i, ++seed) {
                const std::string payload = mail(500 + 397 * (seed % 23), seed);
                written[add(*location, payload).id.value() & 0xffff] = payload;
            }
        };
        write(5);
        mark = location->mark();
        write(10);
        ASSERT_TRUE(location->sync());
        synced_end = location->mark().ends.front().second;
        synced_last = location->mark().last_number;
        write(20);
        crashed = crashed_copy("image");
    }
    std::mt19937 random{11};
    const std::uint64_t size = std::filesystem::file_size(crashed / "00.hsf");
    for (int round = 0; round < 60; ++round) {
        options.directory = scratch.path() / ("round" + std::to_string(round));
        std::filesystem::copy(crashed, options.directory);
        switch (round % 3) {
            case 0:  // pages that never reached the disk
                for (std::uint64_t page = align_up(synced_end, page_size); page < size; page += page_size)
                    if (random() % 3 == 0) overwrite(file(0), page, std::string(page_size, '\0'));
                break;
            case 1:  // pages with something else in them
                for (int i = 0; i < 3; ++i)
                    overwrite(file(0), synced_end + random() % (size - synced_end - 600),
                              random_bytes(512, random()));
                break;
            default:  // a shorter file
                std::filesystem::resize_file(file(0), synced_end + random() % (size - synced_end));
                break;
        }
        auto location = open();
        const auto all = recovered(*location, mark);
        const auto found = numbers(all);
        EXPECT_TRUE(std::is_sorted(found.begin(), found.end()));
        ASSERT_GE(found.size(), synced_last - 5);
        for (std::uint64_t n = 6; n <= synced_last; ++n) ASSERT_EQ(found[n - 6], n) << "round " << round;
        for (std::size_t i = 0; i < all.size(); ++i) ASSERT_EQ(all[i].payload, written[found[i]]);
        // Appended to, synced, crashed again: what was torn does not come back and the rest reads on.
        const auto later = add(*location, "later");
        EXPECT_GT(later.id.value() & 0xffff, found.back());
        std::vector<std::uint64_t> now;
        ASSERT_TRUE(location->for_each([&](Result<Stored> each) {
            ASSERT_TRUE(each) << each.error().what;
            now.push_back(each->id.value() & 0xffff);
        }));
        EXPECT_EQ(now.size(), 5 + found.size() + 1);
        location.reset();
        std::filesystem::remove_all(options.directory);
    }
}

TEST_F(ContainerTest, AFailureOfTheReplayIsPassedOnAndItCanBeDoneAgain) {
    const Mark mark;
    {
        auto location = open();
        for (unsigned i = 0; i < 4; ++i) add(*location, mail(3000, i));
        options.directory = crashed_copy();
    }
    int seen = 0;
    {
        auto location = open();
        auto ok = location->recover(mark, [&](Stored) -> Result<> {
            if (++seen == 3) return std::unexpected(Failure{ContainerError::io, "stop"});
            return {};
        });
        ASSERT_FALSE(ok);
        EXPECT_EQ(ok.error().what, "stop");
    }
    auto location = open();
    EXPECT_EQ(recovered(*location, mark).size(), 4U);
}

TEST_F(ContainerTest, AHalfMadeFileIsTakenAway) {
    {
        auto location = open();
        add(*location, "x");
    }
    std::filesystem::copy(file(0), file(1));
    std::filesystem::resize_file(file(1), 10);
    auto location = open();
    EXPECT_FALSE(std::filesystem::exists(file(1)));
    EXPECT_EQ(location->usage().files, 1U);
}

TEST_F(ContainerTest, AFileWhoseOwnHeaderIsSpoiltIsStillRead) {
    Placed placed;
    {
        auto location = open();
        placed = add(*location, mail(9000, 1));
    }
    overwrite(file(0), 0, "spoilt");
    auto location = open();
    EXPECT_EQ(payload_of(*location, placed), mail(9000, 1));
    int damaged = 0;
    ASSERT_TRUE(location->for_each([&](Result<Stored> each) { damaged += each ? 0 : 1; }));
    EXPECT_EQ(damaged, 1);
    EXPECT_EQ(add(*location, "x").extent.file, 1);
}

TEST_F(ContainerTest, MarksSurviveTheirEncodingAndDamageIsSeen) {
    const Mark mark{
        .last_number = 1ull << 40, .generation = 300, .ends = {{0, 4096}, {3, 1u << 30}, {127, 5}}};
    auto decoded = Mark::decode(mark.encode());
    ASSERT_TRUE(decoded);
    EXPECT_EQ(*decoded, mark);
    EXPECT_EQ(*Mark::decode(Mark{}.encode()), Mark{});
    const std::string bytes = mark.encode();
    for (std::size_t size = 0; size < bytes.size(); ++size) EXPECT_FALSE(Mark::decode(bytes.substr(0, size)));
    EXPECT_FALSE(Mark::decode(bytes + "x"));
    std::string newer = bytes;
    newer[0] = 9;
    EXPECT_EQ(Mark::decode(newer).error().kind, ContainerError::newer);
}

}  // namespace
}  // namespace postrider::container
