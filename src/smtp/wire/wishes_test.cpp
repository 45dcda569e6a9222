#include "smtp/wire/wishes.h"

#include <gtest/gtest.h>

namespace postrider::smtp {
namespace {

using namespace std::chrono_literals;

TEST(DeliverBy, TakesTheRfcsForms) {
    auto by = parse_by("125;R");  // RFC 6710 §8
    ASSERT_TRUE(by);
    EXPECT_EQ(by->time, 125s);
    EXPECT_TRUE(by->give_back);
    EXPECT_FALSE(by->trace);
    by = parse_by("-100;nt");
    ASSERT_TRUE(by);
    EXPECT_EQ(by->time, -100s);
    EXPECT_FALSE(by->give_back);
    EXPECT_TRUE(by->trace);
    EXPECT_EQ(parse_by("+999999999;N")->time, 999'999'999s);
    for (const char* wrong : {"", "1", "1;", ";R", "1;X", "1;RR", "1;RTT", "1000000000;R", "1.5;R", "--1;R"})
        EXPECT_FALSE(parse_by(wrong)) << wrong;
}

TEST(FutureRelease, TakesSecondsOrADate) {
    EXPECT_EQ(parse_hold_for("86400"), 86400s);
    EXPECT_EQ(parse_hold_for("999999999"), 999'999'999s);
    for (const char* wrong : {"", "0", "010", "-1", "1000000000", "1h"})
        EXPECT_FALSE(parse_hold_for(wrong)) << wrong;
    const std::chrono::sys_seconds when = std::chrono::sys_days{2026y / 11 / 20} + 10h + 30min + 5s;
    EXPECT_EQ(parse_hold_until("2026-11-20T10:30:05Z"), when);
    EXPECT_EQ(parse_hold_until("2026-11-20t10:30:05.25z"), when);
    EXPECT_EQ(parse_hold_until("2026-11-20T10:30:05+00:00"), when);
    for (const char* wrong :
         {"", "2026-11-20", "2026-11-20T10:30:05", "2026-11-20T10:30:05+01:00", "2026-13-20T10:30:05Z",
          "2026-02-30T10:30:05Z", "2026-11-20T24:30:05Z", "2026-11-20T10:60:05Z", "2026-11-20T10:30:61Z",
          "2026-11-20 10:30:05Z", "2026-11-20T10:30:05.Z", "1969-11-20T10:30:05Z"})
        EXPECT_FALSE(parse_hold_until(wrong)) << wrong;
}

TEST(Priority, IsADigitWithASign) {
    EXPECT_EQ(parse_priority("3"), 3);
    EXPECT_EQ(parse_priority("-9"), -9);
    EXPECT_EQ(parse_priority("0"), 0);
    for (const char* wrong : {"", "-", "-0", "+3", "10", "03", "x"})
        EXPECT_FALSE(parse_priority(wrong)) << wrong;
}

}  // namespace
}  // namespace postrider::smtp
