#include "delivery/delay_rules.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <ctime>

namespace postrider::delivery {
namespace {

/// 2027-01-15 08:00:00 UTC.
constexpr Time eight{std::chrono::seconds{1'800'000'000}};

class DelayRules : public testing::Test {
protected:
    DelayRules() {
        setenv("TZ", "UTC", 1);
        tzset();
        envelope.reverse_path = {"news", "example.org"};
    }
    std::optional<Time> until(const DelayRule& rule, std::uint64_t size = 1000, Time now = eight) {
        return delayed_until({rule}, envelope, {"bob", "example.net"}, size, now);
    }
    queue::Envelope envelope;
};

TEST_F(DelayRules, WaitForWhoSendsToWhomAndHowMuch) {
    DelayRule rule;
    rule.delay = 600s;
    EXPECT_EQ(until(rule), eight + 600s);
    rule.sender = "*@example.org";
    rule.recipient = "B?B@*.net";
    EXPECT_EQ(until(rule), eight + 600s);
    rule.larger_than_kb = 1;
    EXPECT_FALSE(until(rule, 1024));
    EXPECT_TRUE(until(rule, 1025));
    rule.sender = "*@example.com";
    EXPECT_FALSE(until(rule, 1025));
    rule = {};
    rule.delay = 600s;
    rule.enable = false;
    EXPECT_FALSE(until(rule));
}

TEST_F(DelayRules, KnowTheTimeOfDay) {
    DelayRule rule;
    rule.from = "07:00";
    rule.to = "18:00";
    rule.not_before = "20:00";
    EXPECT_EQ(until(rule), eight + 12h);
    EXPECT_FALSE(until(rule, 1000, eight + 10h)) << "18:00 is not before 18:00";
    rule.from = "22:00";
    rule.to = "08:01";
    EXPECT_TRUE(until(rule)) << "over midnight";
    rule.to = "08:00";
    EXPECT_FALSE(until(rule));
    rule = {};
    rule.not_before = "07:30";
    EXPECT_EQ(until(rule), eight + 23h + 30min) << "tomorrow";
    rule.not_before = "25:00";
    EXPECT_FALSE(until(rule));
}

TEST_F(DelayRules, TheFirstOneCountsAndReportsNeverWait) {
    DelayRule first, second;
    first.sender = "nobody@*";
    first.delay = 60s;
    second.delay = 120s;
    EXPECT_EQ(*delayed_until({first, second}, envelope, {"b", "c"}, 1, eight), eight + 120s);
    envelope.reverse_path = {};
    EXPECT_FALSE(delayed_until({second}, envelope, {"b", "c"}, 1, eight));
}

}  // namespace
}  // namespace postrider::delivery
