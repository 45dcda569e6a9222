#include "filter/greylist/greylist.h"

#include <thread>

#include "filter/test_store.h"

namespace postrider::filter {
namespace {

using Why = Greylist::Why;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

class GreylistTest : public ::testing::Test, public TestStore {
protected:
    void SetUp() override {
        settings.enable = true;
        make();
    }
    void make() {
        auto opened = Greylist::open(*kv, clock, metrics, settings, minutes{10});
        ASSERT_TRUE(opened) << opened.error();
        list = std::move(*opened);
    }
    Why check(std::string_view client, std::string_view sender = "ann@example.org",
              std::string_view recipient = "bob@example.net") {
        Greylist::Attempt attempt;
        attempt.client = ip(client);
        if (!sender.empty()) attempt.sender = address(sender);
        attempt.recipient = address(recipient);
        return list->check(attempt).why;
    }
    GreylistSettings settings;
    std::unique_ptr<Greylist> list;
};

TEST_F(GreylistTest, AStrangerPassesWhenHeTriesAgainAfterTheDelay) {
    EXPECT_EQ(check("192.0.2.1"), Why::first_time);
    EXPECT_EQ(check("192.0.2.1"), Why::too_early);
    clock.advance(seconds{299});
    EXPECT_EQ(check("192.0.2.1"), Why::too_early);
    clock.advance(seconds{1});
    EXPECT_EQ(check("192.0.2.200"), Why::now_known) << "from an address nearby";
    EXPECT_EQ(check("192.0.2.1"), Why::known);
    EXPECT_EQ(check("192.0.3.1"), Why::first_time);
    EXPECT_EQ(check("192.0.2.1", "eve@example.org"), Why::first_time);
    EXPECT_EQ(check("192.0.2.1", "ann@example.org", "eve@example.net"), Why::first_time);
}

TEST_F(GreylistTest, WhoComesBackTooLateIsAStrangerAgain) {
    check("192.0.2.1");
    clock.advance(hours{49});
    EXPECT_EQ(check("192.0.2.1"), Why::first_time);
}

TEST_F(GreylistTest, WhoHasPassedIsKnownForTheLifetimeSinceTheLastMessage) {
    check("192.0.2.1");
    clock.advance(minutes{6});
    EXPECT_EQ(check("192.0.2.1"), Why::now_known);
    for (int i = 0; i < 3; ++i) {
        clock.advance(hours{35 * 24});
        EXPECT_EQ(check("192.0.2.1"), Why::known);
    }
    clock.advance(hours{37 * 24});
    EXPECT_EQ(check("192.0.2.1"), Why::first_time);
}

TEST_F(GreylistTest, AStartForgetsNothing) {
    check("192.0.2.1");
    clock.advance(minutes{6});
    list.reset();
    open();
    make();
    EXPECT_EQ(list->size(), 1U);
    EXPECT_EQ(check("192.0.2.1"), Why::now_known);
}

TEST_F(GreylistTest, SendersThatChangeWithEachMessageAreOne) {
    check("192.0.2.1", "bounce-123-abc@list.example");
    clock.advance(minutes{6});
    EXPECT_EQ(check("192.0.2.1", "Bounce-77777-abc@list.example"), Why::now_known);
    EXPECT_EQ(check("192.0.2.1", ""), Why::first_time) << "no sender at all";
}

TEST_F(GreylistTest, ANetworkFromWhichSeveralHavePassedPassesWhole) {
    for (int i = 0; i < 5; ++i)
        check("192.0.2.1", std::string(1, static_cast<char>('a' + i)) + "@example.org");
    clock.advance(minutes{6});
    for (int i = 0; i < 5; ++i)
        EXPECT_EQ(check("192.0.2.1", std::string(1, static_cast<char>('a' + i)) + "@example.org"),
                  Why::now_known);
    EXPECT_EQ(check("192.0.2.9", "new@example.com"), Why::known_network);
    clock.advance(hours{1});
    EXPECT_EQ(check("192.0.2.9", "other@example.com"), Why::known_network);
    EXPECT_EQ(check("198.51.100.1", "new@example.com"), Why::first_time);
    clock.advance(hours{37 * 24});
    EXPECT_EQ(check("192.0.2.9", "later@example.com"), Why::first_time);
}

TEST_F(GreylistTest, WhoIsExcludedOrWhenItIsOffNobodyIsPutOff) {
    settings.exclusions = {"10.0.0.0/8"};
    settings.excluded_senders = {"*.trusted.example"};
    settings.excluded_recipients = {"abuse@example.net"};
    ASSERT_TRUE(list->reconfigure(settings, minutes{10}));
    EXPECT_EQ(check("10.1.1.1"), Why::excluded);
    EXPECT_EQ(check("192.0.2.1", "x@mail.trusted.example"), Why::excluded);
    EXPECT_EQ(check("192.0.2.1", "x@example.org", "Abuse@example.net"), Why::excluded);
    settings.enable = false;
    ASSERT_TRUE(list->reconfigure(settings, minutes{10}));
    EXPECT_EQ(check("192.0.2.1"), Why::off);
    settings.exclusions = {"nonsense"};
    EXPECT_FALSE(list->reconfigure(settings, minutes{10}));
    EXPECT_EQ(check("192.0.2.1"), Why::off) << "those of before stay";
}

TEST_F(GreylistTest, PartsOfAddressesCanBeLeftOut) {
    settings.sender = AddressPart::domain;
    settings.recipient = AddressPart::none;
    ASSERT_TRUE(list->reconfigure(settings, minutes{10}));
    check("192.0.2.1");
    clock.advance(minutes{6});
    EXPECT_EQ(check("192.0.2.1", "eve@example.org", "carol@example.net"), Why::now_known);
}

TEST_F(GreylistTest, TheStoreNeverHasMoreThanItMayAndKeepsThoseWhoHavePassed) {
    settings.max_entries = 1000;
    settings.learn_after = 0;
    ASSERT_TRUE(list->reconfigure(settings, minutes{10}));
    for (int i = 0; i < 100; ++i)
        check("192.0.2.1", "friend" + std::string(1, static_cast<char>('a' + i % 26))
                               + std::string(static_cast<std::size_t>(i / 26), 'x') + "@example.org");
    clock.advance(minutes{6});
    for (int i = 0; i < 100; ++i)
        ASSERT_EQ(
            check("192.0.2.1", "friend" + std::string(1, static_cast<char>('a' + i % 26))
                                   + std::string(static_cast<std::size_t>(i / 26), 'x') + "@example.org"),
            Why::now_known);
    for (int i = 0; i < 5000; ++i) {
        check("10." + std::to_string(i / 250) + "." + std::to_string(i % 250) + ".1");
        ASSERT_LE(list->size(), 1000U);
    }
    EXPECT_EQ(records("Ug"), list->size());
    clock.advance(minutes{11});  // past what is in memory
    EXPECT_EQ(check("192.0.2.1", "frienda@example.org"), Why::known)
        << "a flood of strangers drives out no friend";
}

TEST_F(GreylistTest, ASweepTakesWhatIsTooOld) {
    check("192.0.2.1");
    check("192.0.3.1");
    clock.advance(minutes{6});
    check("192.0.2.1");
    clock.advance(hours{49});
    EXPECT_EQ(list->sweep(), 1U);
    EXPECT_EQ(check("192.0.2.1"), Why::known);
    clock.advance(hours{37 * 24});
    list->sweep();
    EXPECT_EQ(records("Ug"), 0U);
}

TEST_F(GreylistTest, WhatIsInMemoryIsBounded) {
    settings.max_entries = 1'000'000;
    ASSERT_TRUE(list->reconfigure(settings, minutes{10}));
    EXPECT_EQ(check("192.0.2.1"), Why::first_time);
    EXPECT_LE(list->cached(), Greylist::max_cached);
}

TEST_F(GreylistTest, ManyThreadsCountEachTripletOnce) {
    settings.learn_after = 0;
    ASSERT_TRUE(list->reconfigure(settings, minutes{10}));
    std::atomic<int> first = 0;
    {
        std::vector<std::jthread> threads;
        for (int t = 0; t < 4; ++t)
            threads.emplace_back([&] {
                for (int i = 0; i < 200; ++i)
                    if (check("10.0." + std::to_string(i) + ".1") == Why::first_time) ++first;
            });
    }
    EXPECT_EQ(first, 200);
    EXPECT_EQ(records("Ug"), 200U);
}

TEST_F(GreylistTest, ARecordThatCannotBeReadCountsAsAbsent) {
    check("192.0.2.1");
    auto cursor = kv->scan("Ug", "Uh");
    kv::Batch batch;
    batch.put(cursor->key(), "\xff\xff\xff");
    cursor.reset();
    ASSERT_TRUE(kv->write(std::move(batch)));
    clock.advance(minutes{11});
    EXPECT_EQ(check("192.0.2.1"), Why::first_time);
}

}  // namespace
}  // namespace postrider::filter
