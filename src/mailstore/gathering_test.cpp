#include "mailstore/gathering.h"

#include <gtest/gtest.h>

namespace postrider::mailstore {
namespace {

using std::chrono::microseconds;

/// Groups as they form when so many clients send and wait for the answer; returns the last.
std::size_t after(Gathering& gathering, int groups, std::size_t come) {
    std::size_t formed = 0;
    for (int i = 0; i < groups; ++i) {
        formed = std::min(gathering.wanted(), come);
        gathering.formed(formed);
    }
    return formed;
}

TEST(Gathering, NobodyWaitsForWhoMayNotCome) {
    Gathering gathering;
    EXPECT_EQ(gathering.wanted(), 1u);
    gathering.formed(1);
    EXPECT_EQ(gathering.wanted(), 1u);
    gathering.formed(2);  // came while the one before was written
    EXPECT_EQ(gathering.wanted(), 2u);
    EXPECT_EQ(gathering.patience(), microseconds{100});
}

TEST(Gathering, GroupsGrowWhileMoreCome) {
    Gathering gathering;
    gathering.formed(3);
    EXPECT_EQ(after(gathering, 7, 100), 6u) << "which is enough";
    EXPECT_EQ(gathering.patience(), microseconds{300});
    gathering.formed(20);  // while the one before was written
    EXPECT_EQ(gathering.wanted(), 20u);
    EXPECT_EQ(gathering.patience(), microseconds{100});
}

TEST(Gathering, AVainTryIsRepeatedEverMoreRarely) {
    Gathering gathering;
    gathering.formed(4);
    int tries = 0;
    for (int i = 0; i < 1000; ++i) {
        if (gathering.wanted() > 4) ++tries;
        gathering.formed(4);
    }
    EXPECT_LT(tries, 25);
    EXPECT_GT(tries, 15) << "but it is";
}

TEST(Gathering, WhatCameLateShrinksTheGroup) {
    Gathering gathering;
    gathering.formed(10);
    EXPECT_EQ(after(gathering, 1, 4), 4u);
    EXPECT_LE(gathering.wanted(), 5u);
}

}  // namespace
}  // namespace postrider::mailstore
