#include "cli/wire/layout.h"

#include <gtest/gtest.h>

#include "cli/wire/multiline.h"
#include "cli/wire/storage_uri.h"
#include "cli/wire/wildcard.h"

// The lines are counted by programs that we do not know: what stands here must not change.
namespace postrider::cli {
namespace {

TEST(Layout, ATableHasFiveLinesBeforeItsRowsAndABlankOneBehind) {
    EXPECT_EQ(table("Accounts", {"name"}, {{"postmaster"}, {"john"}}),
              "List of Accounts:\r\n"
              "\r\n"
              "-----------\r\n"
              "name\r\n"
              "-----------\r\n"
              "postmaster\r\n"
              "john\r\n"
              "\r\n");
}

TEST(Layout, ATableKeepsItsLinesWithoutRows) {
    EXPECT_EQ(table("Accounts", {"name"}, {}),
              "List of Accounts:\r\n"
              "\r\n"
              "-----------\r\n"
              "name\r\n"
              "-----------\r\n"
              "\r\n");
}

TEST(Layout, ColumnsOfATableStandApartByABar) {
    EXPECT_EQ(table("Users", {"email", "name"}, {{"a@b.cd", "Ann"}, {"j@b.cd", "J\xc3\xb6rg"}}),
              "List of Users:\r\n"
              "\r\n"
              "-------------\r\n"
              "email  | name\r\n"
              "-------------\r\n"
              "a@b.cd | Ann\r\n"
              "j@b.cd | J\xc3\xb6rg\r\n"
              "\r\n");
}

TEST(Layout, ASimpleListHasTwoLinesBeforeItsRows) {
    EXPECT_EQ(simple_list("Aliases", {"jack"}), "List of Aliases:\r\n\r\njack\r\n\r\n");
    EXPECT_EQ(simple_list("Aliases", {}), "List of Aliases:\r\n\r\n\r\n");
}

TEST(Layout, AttributesHaveTwoLinesBeforeThem) {
    EXPECT_EQ(attributes("the account john", {{"name", "\"john\""}, {"mustChangePass", "no"}}),
              "Attributes of the account john:\r\n\r\nname = \"john\"\r\nmustChangePass = no\r\n\r\n");
    EXPECT_EQ(attributes("the account john", {{"name", "\"john\""}}, Shown::child),
              "Attributes of the account john:\r\n\r\nname = \"john\"\r\n");
    EXPECT_EQ(one_attribute("catchAllType", "disabled"), "catchAllType = disabled\r\n");
}

TEST(Layout, ColumnsHaveOneHeadingLine) {
    EXPECT_EQ(columns({"storage", "files"}, {{"0", "12"}, {"Total", "12"}}),
              "storage  files\r\n0        12\r\nTotal    12\r\n");
}

TEST(Layout, StoredTextCannotMakeLines) {
    EXPECT_EQ(simple_list("A", {"x\r\n+OK: y"}), "List of A:\r\n\r\nx??+OK: y\r\n\r\n");
}

TEST(Multiline, DotsAreUnstuffed) {
    Multiline text{"."};
    EXPECT_FALSE(text.line("require [\"fileinto\"];"));
    EXPECT_FALSE(text.line("..line that starts with a dot"));
    EXPECT_TRUE(text.line("."));
    EXPECT_EQ(text.take(), "require [\"fileinto\"];\r\n.line that starts with a dot\r\n");
}

TEST(Multiline, AnotherSequenceCanEndIt) {
    Multiline text{"EOF"};
    EXPECT_FALSE(text.line(".."));
    EXPECT_TRUE(text.line("EOF"));
    EXPECT_EQ(text.take(), ".\r\n");
}

TEST(Multiline, TooMuchIsReadAndForgotten) {
    Multiline text{"."};
    for (int i = 0; i < 1100; ++i) EXPECT_FALSE(text.line(std::string(1000, 'x')));
    EXPECT_TRUE(text.too_large());
    EXPECT_TRUE(text.line("."));
    EXPECT_EQ(text.take(), "");
}

TEST(Wildcard, StarsAndQuestionMarks) {
    EXPECT_TRUE(matches_wildcard("", "anything"));
    EXPECT_TRUE(matches_wildcard("j*n", "John"));
    EXPECT_TRUE(matches_wildcard("*", ""));
    EXPECT_TRUE(matches_wildcard("a?c*", "abcde"));
    EXPECT_FALSE(matches_wildcard("a?c", "ac"));
    EXPECT_FALSE(matches_wildcard("john", "johnny"));
    EXPECT_FALSE(matches_wildcard(std::string(500, '*') + "b", std::string(5000, 'a')));
}

TEST(StorageUri, PathAndLimits) {
    EXPECT_EQ(parse_storage_uri("/var/mail")->path, "/var/mail");
    auto full = parse_storage_uri("file:///var/mail?maxFiles=64&maxFileSize=262144&readOnly=no");
    ASSERT_TRUE(full);
    EXPECT_EQ(*full, (StorageUri{"/var/mail", 64, 262144, false}));
    EXPECT_EQ(parse_storage_uri(print(*full)), full);
    for (const char* wrong : {"", "file://", "/a?maxFiles=0", "/a?maxFiles=129", "/a?maxFileSize=1", "/a?x=1",
                              "/a?readOnly=maybe", "/a?maxFiles=1x"})
        EXPECT_FALSE(parse_storage_uri(wrong)) << wrong;
}

}  // namespace
}  // namespace postrider::cli
