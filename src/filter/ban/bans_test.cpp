#include "filter/ban/bans.h"

#include <thread>

#include "filter/ban/rates.h"
#include "filter/test_store.h"

namespace postrider::filter {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;

class BansTest : public ::testing::Test, public TestStore {
protected:
    void SetUp() override {
        settings.failed_logins = 3;
        settings.traps = {"trap*@example.org"};
        make();
    }
    void make() {
        auto opened = Bans::open(*kv, clock, metrics, logger, settings);
        ASSERT_TRUE(opened) << opened.error();
        bans = std::move(*opened);
    }
    bool fails(std::string_view client) { return bans->note(client, Offence::failed_login); }
    bool banned(std::string_view client) { return bans->find(ip(client)).has_value(); }
    BanSettings settings;
    std::unique_ptr<Bans> bans;
};

TEST_F(BansTest, WhoFailsTooOftenIsShutOutForAWhile) {
    EXPECT_FALSE(fails("192.0.2.1"));
    EXPECT_FALSE(fails("192.0.2.1"));
    EXPECT_FALSE(banned("192.0.2.1"));
    EXPECT_TRUE(fails("192.0.2.1"));
    EXPECT_TRUE(banned("192.0.2.1"));
    EXPECT_EQ(bans->refuse(ip("192.0.2.1")), "shut out: failed log-ins");
    EXPECT_FALSE(banned("192.0.2.2"));
    clock.advance(minutes{10});
    EXPECT_FALSE(banned("192.0.2.1"));
}

TEST_F(BansTest, WhatWasDoneBeforeTheWindowDoesNotCount) {
    fails("192.0.2.1");
    fails("192.0.2.1");
    clock.advance(minutes{11});
    EXPECT_FALSE(fails("192.0.2.1"));
    EXPECT_FALSE(fails("192.0.2.1"));
}

TEST_F(BansTest, EachFurtherBanLastsTwiceAsLongUpToADay) {
    std::vector<long> lives;
    for (int i = 0; i < 10; ++i) {
        for (int n = 0; n < 3; ++n) fails("192.0.2.1");
        const auto ban = bans->find(ip("192.0.2.1"));
        ASSERT_TRUE(ban);
        EXPECT_EQ(ban->times, static_cast<unsigned>(i + 1));
        lives.push_back(std::chrono::duration_cast<seconds>(ban->until - ban->since).count());
        clock.advance(ban->until - clock.now());
    }
    EXPECT_EQ(lives.front(), 600);
    EXPECT_EQ(lives[1], 1200);
    EXPECT_EQ(lives.back(), 86'400);
    clock.advance(hours{7 * 24});
    for (int n = 0; n < 3; ++n) fails("192.0.2.1");
    EXPECT_EQ(bans->find(ip("192.0.2.1"))->times, 1U) << "after a week it is new again";
}

TEST_F(BansTest, AnIPv6AddressIsItsNetwork) {
    for (int i = 0; i < 3; ++i) fails("2001:db8::" + std::to_string(i + 1));
    EXPECT_TRUE(banned("2001:db8::ffff"));
    EXPECT_FALSE(banned("2001:db8:0:1::1"));
    EXPECT_EQ(bans->list().at(0).network, "2001:db8::/64");
}

TEST_F(BansTest, LoopbackAndWhatIsExcludedAreNeverShutOut) {
    for (int i = 0; i < 100; ++i) EXPECT_FALSE(fails("127.0.0.1"));
    EXPECT_FALSE(banned("127.0.0.1"));
    EXPECT_FALSE(bans->note("no address", Offence::failed_login));
}

TEST_F(BansTest, ATrapIsSprungByOneRecipient) {
    EXPECT_FALSE(bans->note_recipient(ip("192.0.2.1"), address("bob@example.org")));
    EXPECT_FALSE(banned("192.0.2.1"));
    EXPECT_TRUE(bans->note_recipient(ip("192.0.2.1"), address("trap7@example.org")));
    EXPECT_TRUE(banned("192.0.2.1"));
}

TEST_F(BansTest, OtherOffencesAreCountedApart) {
    settings.unknown_recipients = 4;
    ASSERT_TRUE(bans->reconfigure(settings));
    fails("192.0.2.1");
    fails("192.0.2.1");
    EXPECT_FALSE(bans->note("192.0.2.1", Offence::unknown_recipient, 3));
    EXPECT_TRUE(bans->note("192.0.2.1", Offence::unknown_recipient));
    EXPECT_EQ(bans->find(ip("192.0.2.1"))->reason, "unknown recipients");
    settings.failed_logins = 0;
    ASSERT_TRUE(bans->reconfigure(settings));
    for (int i = 0; i < 100; ++i) EXPECT_FALSE(fails("192.0.2.7"));
}

TEST_F(BansTest, ABanSurvivesAStart) {
    for (int i = 0; i < 3; ++i) fails("192.0.2.1");
    ASSERT_TRUE(bans->add("198.51.100.0/24", seconds{0}, "they know why"));
    ASSERT_TRUE(bans->add("2001:db8::-2001:db8::ff", hours{1}, ""));
    bans.reset();
    open();
    make();
    EXPECT_TRUE(banned("192.0.2.1"));
    EXPECT_TRUE(banned("198.51.100.77"));
    EXPECT_TRUE(banned("2001:db8::7"));
    EXPECT_FALSE(banned("2001:db8::100"));
    auto all = bans->list();
    ASSERT_EQ(all.size(), 3U);
    EXPECT_TRUE(all[0].by_hand);
    EXPECT_EQ(all[2].network, "192.0.2.1");
    clock.advance(hours{2});
    EXPECT_FALSE(banned("2001:db8::7"));
    EXPECT_TRUE(banned("198.51.100.77"));
    bans->sweep();
    EXPECT_EQ(records("Ubh"), 1U);
}

TEST_F(BansTest, AnAdministratorLiftsThemAndMayNotOverlap) {
    for (int i = 0; i < 3; ++i) fails("192.0.2.1");
    EXPECT_TRUE(bans->remove("192.0.2.1").value());
    EXPECT_FALSE(banned("192.0.2.1"));
    EXPECT_FALSE(bans->remove("192.0.2.1").value());
    EXPECT_FALSE(fails("192.0.2.1")) << "it begins anew";
    ASSERT_TRUE(bans->add("10.0.0.0/8", minutes{5}, "a"));
    EXPECT_FALSE(bans->add("10.1.0.0/16", minutes{5}, "b"));
    EXPECT_FALSE(bans->add("9.0.0.0-10.0.0.0", minutes{5}, "b"));
    EXPECT_TRUE(bans->add("10.0.0.0/8", minutes{50}, "longer")) << "the same again replaces it";
    EXPECT_TRUE(bans->add("11.0.0.1", minutes{5}, std::string(1000, 'x') + "\xff"));
    EXPECT_FALSE(bans->add("nonsense", minutes{5}, ""));
    EXPECT_FALSE(bans->remove("nonsense"));
    EXPECT_TRUE(bans->remove("10.0.0.0/8").value());
    EXPECT_FALSE(banned("10.1.1.1"));
}

TEST_F(BansTest, WhatIsCountedIsBounded) {
    settings.unknown_recipients = 1;
    ASSERT_TRUE(bans->reconfigure(settings));
    for (unsigned i = 0; i < 60'000; ++i)
        fails("10." + std::to_string(i >> 16) + "." + std::to_string(i >> 8 & 255) + "."
              + std::to_string(i & 255));
    EXPECT_FALSE(banned("10.0.0.1"));
    EXPECT_FALSE(fails("10.0.0.0")) << "forgotten, so it counts from one";
}

TEST_F(BansTest, ABannedAddressDoesNotGetThroughTheGate) {
    auto level = net::AccessLevel::create({}, settings::unlimited_connections(), clock);
    ASSERT_TRUE(level);
    const net::Gate gate{*level, nullptr, nullptr, bans.get()};
    EXPECT_TRUE(gate.admit("192.0.2.1"));
    for (int i = 0; i < 3; ++i) fails("192.0.2.1");
    auto refused = gate.admit("192.0.2.1");
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error(), "shut out: failed log-ins");
    EXPECT_TRUE(gate.admit(""));
}

class RatesTest : public ::testing::Test, public TestStore {
protected:
    std::unique_ptr<Rates> rates(RateSettings settings) {
        auto made = Rates::make(clock, metrics, settings);
        EXPECT_TRUE(made);
        return std::move(*made);
    }
};

TEST_F(RatesTest, AClientMaySendSoManyMessagesWithinTheInterval) {
    auto r = rates({.client_messages = 3, .interval = seconds{60}});
    for (int i = 0; i < 3; ++i) EXPECT_FALSE(r->message(ip("192.0.2.1"), "a.example"));
    EXPECT_TRUE(r->message(ip("192.0.2.1"), "a.example"));
    EXPECT_FALSE(r->message(ip("192.0.2.2"), "a.example"));
    EXPECT_FALSE(r->message(ip("127.0.0.1"), "a.example"));
    clock.advance(seconds{120});
    EXPECT_FALSE(r->message(ip("192.0.2.1"), "a.example"));
}

TEST_F(RatesTest, NoTwoIntervalsSideBySideLetTwiceAsMuchThrough) {
    auto r = rates({.client_recipients = 100, .interval = seconds{60}});
    int let_in = 0;
    for (int second = 0; second < 600; ++second) {
        for (int i = 0; i < 5; ++i)
            if (!r->recipient(ip("192.0.2.1"))) ++let_in;
        clock.advance(seconds{1});
    }
    EXPECT_GE(let_in, 900);
    EXPECT_LE(let_in, 1150);
}

TEST_F(RatesTest, ASenderDomainHasARateOfItsOwn) {
    auto r = rates({.sender_domain_messages = 1});
    EXPECT_FALSE(r->message(ip("192.0.2.1"), "a.example"));
    EXPECT_TRUE(r->message(ip("192.0.2.2"), "A.example"));
    EXPECT_FALSE(r->message(ip("192.0.2.2"), ""));
    EXPECT_FALSE(r->message(ip("192.0.2.2"), ""));
}

TEST_F(RatesTest, SourcesAreBounded) {
    auto r = rates({.client_messages = 1});
    for (unsigned i = 0; i < 150'000; ++i) {
        settings::Ip one = ip("10.0.0.0");
        one.octets[13] = static_cast<std::uint8_t>(i >> 16);
        one.octets[14] = static_cast<std::uint8_t>(i >> 8);
        one.octets[15] = static_cast<std::uint8_t>(i);
        r->message(one, "");
    }
    EXPECT_LE(r->sources(), Rates::max_sources);
    EXPECT_EQ(rates({})->message(ip("192.0.2.1"), "x"), std::nullopt);
}

}  // namespace
}  // namespace postrider::filter
