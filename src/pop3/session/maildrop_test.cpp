#include "pop3/session/maildrop.h"

#include <gtest/gtest.h>

namespace postrider::pop3 {
namespace {

TEST(Multiline, StuffsDotsAndEndsWithADotLine) {
    EXPECT_EQ(multiline("a\r\n.\r\n..b\r\n"), "a\r\n..\r\n...b\r\n.\r\n");
    EXPECT_EQ(multiline(""), ".\r\n");
    EXPECT_EQ(multiline("no end"), "no end\r\n.\r\n");
}

TEST(CutTop, GivesTheHeaderAndAsManyLinesAsAsked) {
    std::string_view text = "A: 1\r\nB: 2\r\n\r\none\r\ntwo\r\n";
    EXPECT_EQ(text.substr(0, cut_top(text, 0).size), "A: 1\r\nB: 2\r\n\r\n");
    EXPECT_EQ(text.substr(0, cut_top(text, 1).size), "A: 1\r\nB: 2\r\n\r\none\r\n");
    EXPECT_EQ(cut_top(text, 5).size, text.size());
    EXPECT_FALSE(cut_top(text, 5).complete);
    EXPECT_FALSE(cut_top("A: 1\r\nB:", 0).complete);
}

TEST(Occupancy, LetsOneSessionInWhenTheLockIsExclusive) {
    Occupancy occupancy;
    auto first = occupancy.enter(AccountId{1}, true, 4);
    ASSERT_TRUE(first);
    EXPECT_EQ(occupancy.enter(AccountId{1}, true, 4).error(), Occupancy::Refusal::in_use);
    EXPECT_TRUE(occupancy.enter(AccountId{2}, true, 4));
    first->reset();
    EXPECT_TRUE(occupancy.enter(AccountId{1}, true, 4));
}

TEST(Occupancy, CountsSessionsOfAnAccount) {
    Occupancy occupancy;
    auto one = occupancy.enter(AccountId{1}, false, 2);
    auto two = occupancy.enter(AccountId{1}, false, 2);
    ASSERT_TRUE(one && two);
    EXPECT_EQ(occupancy.enter(AccountId{1}, false, 2).error(), Occupancy::Refusal::too_many);
}

}  // namespace
}  // namespace postrider::pop3
