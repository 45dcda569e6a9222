#include "cli/wire/purge_words.h"

#include <gtest/gtest.h>

namespace postrider::cli {
namespace {

using Names = std::vector<std::string>;

std::expected<PurgeWords, std::string> read(const std::string& line) {
    return parse_purge(parse_words(line).value());
}

TEST(PurgeWords, NamesAreSeparatedByCommasWhereverTheseStand) {
    for (const char* line : {"Trash,Spam", "Trash , Spam", "Trash, Spam", "Trash ,Spam", "(Trash Spam)"}) {
        auto purge = read(line);
        ASSERT_TRUE(purge) << line;
        EXPECT_EQ(purge->folders, (Names{"Trash", "Spam"})) << line;
        EXPECT_EQ(purge->condition, "") << line;
    }
    EXPECT_EQ(read("\"Sent, old\" , INBOX")->folders, (Names{"Sent, old", "INBOX"}));
}

TEST(PurgeWords, WhatFollowsIsTheSearch) {
    auto purge = read("Trash, Spam BEFORE 1-Jan-2026 SUBJECT \"a \\\"b\\\"\"");
    ASSERT_TRUE(purge);
    EXPECT_EQ(purge->folders, (Names{"Trash", "Spam"}));
    EXPECT_EQ(purge->condition, "BEFORE 1-Jan-2026 SUBJECT \"a \\\"b\\\"\"");
    EXPECT_EQ(read("Trash \"OR (SEEN LARGER 5) DELETED\"")->condition, "OR (SEEN LARGER 5) DELETED");
    EXPECT_EQ(read("Trash NOT (SEEN DELETED)")->condition, "NOT (SEEN DELETED)");
}

TEST(PurgeWords, ANameIsNeeded) {
    for (const char* line : {",", "Trash,", ", Trash", "Trash,, Spam", "()"})
        EXPECT_FALSE(read(line)) << line;
    EXPECT_FALSE(parse_purge({}));
}

}  // namespace
}  // namespace postrider::cli
