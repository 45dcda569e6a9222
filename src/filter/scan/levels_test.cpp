#include "filter/scan/levels.h"

#include <gtest/gtest.h>

#include <cmath>

namespace postrider::filter {
namespace {

TEST(Levels, BlanksBeforeAndTextBehindTheNumberDoNotCount) {
    EXPECT_EQ(parse_level(LevelKind::spam, "  7  "), 7U);
    EXPECT_EQ(parse_level(LevelKind::spam, "10 (GTUBE)"), 10U);
    EXPECT_EQ(parse_level(LevelKind::virus, "5; Eicar"), 5U);
}

TEST(Levels, OnlyTheListedNumbersAreLevels) {
    for (const char* value : {"", "0", "11", "100", "-3", "x5", "99999999999999999999"})
        EXPECT_EQ(parse_level(LevelKind::spam, value), std::nullopt) << value;
    EXPECT_EQ(parse_level(LevelKind::virus, "6"), std::nullopt);
}

TEST(Levels, ALevelIsOnlyEverRaised) {
    Levels levels;
    EXPECT_TRUE(levels.raise(LevelKind::spam, 4));
    EXPECT_FALSE(levels.raise(LevelKind::spam, 4));
    EXPECT_FALSE(levels.raise(LevelKind::spam, 2));
    EXPECT_FALSE(levels.raise(LevelKind::spam, 11));
    EXPECT_TRUE(levels.raise(LevelKind::spam, 9));
    EXPECT_EQ(levels.spam, 9U);
    EXPECT_EQ(levels.virus, std::nullopt);
}

TEST(Levels, OfSeveralFieldsTheGreatestIsRead) {
    const std::string message =
        "Subject: x\r\nx-axigenspam-level: 3\r\nX-AxigenSpam-Level:\r\n 8 yes\r\n\r\nX-AxigenSpam-Level: "
        "10\r\n";
    EXPECT_EQ(read_level(LevelKind::spam, message), 8U);
    EXPECT_EQ(read_levels(message), (Levels{8, std::nullopt}));
}

TEST(Levels, ANewFieldBecomesTheFirstLine) {
    EXPECT_EQ(with_levels("Subject: x\r\n\r\nbody\r\n", {3, 1}),
              "X-AxigenSpam-Level: 3\r\nX-AxigenVirus-Level: 1\r\nSubject: x\r\n\r\nbody\r\n");
}

TEST(Levels, AFieldIsReplacedWhereItStandsAndItsDoublesGo) {
    EXPECT_EQ(
        with_levels("A: 1\r\nX-AxigenSpam-Level: 2\r\nB: 2\r\nX-AXIGENSPAM-LEVEL: 3\r\n\r\nbody", {9, {}}),
        "A: 1\r\nX-AxigenSpam-Level: 9\r\nB: 2\r\n\r\nbody");
}

TEST(Levels, AMessageThatHasItsLevelsIsNotTouched) {
    EXPECT_EQ(with_levels("X-AxigenSpam-Level: 9 sure\r\n\r\nbody", {9, {}}), std::nullopt);
    EXPECT_EQ(with_levels("A: b\r\n\r\nbody", {}), std::nullopt);
}

TEST(Levels, ScoresBecomeLevels) {
    EXPECT_EQ(spam_level_of(-3, 5), 1U);
    EXPECT_EQ(spam_level_of(0.9, 5), 1U);
    EXPECT_EQ(spam_level_of(4.9, 5), 5U);
    EXPECT_EQ(spam_level_of(5, 5), 6U);
    EXPECT_EQ(spam_level_of(7.5, 5), 8U);
    EXPECT_EQ(spam_level_of(1000, 5), 10U);
    EXPECT_EQ(spam_level_of(3, 0), 10U);
    EXPECT_EQ(spam_level_of(NAN, 5), 1U);
    EXPECT_EQ(spam_level_of(1e308, 1e-308), 10U);
    EXPECT_EQ(spam_level_of(1e-308, 1e308), 1U);
}

}  // namespace
}  // namespace postrider::filter
