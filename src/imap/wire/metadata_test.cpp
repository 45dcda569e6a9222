#include "imap/wire/metadata.h"

#include <gtest/gtest.h>

namespace postrider::imap {
namespace {

using Depth = MetadataQuery::Depth;

TEST(GetMetadata, ReadsTheExamplesOfTheRfc) {  // RFC 5464 §4.2
    auto get = parse_get_metadata("\"\" /shared/comment");
    ASSERT_TRUE(get);
    EXPECT_EQ(get->mailbox, "");
    EXPECT_EQ(get->query.entries, (std::vector<std::string>{"/shared/comment"}));
    get = parse_get_metadata("\"INBOX\" (MAXSIZE 1024) (/shared/comment /private/comment)");
    ASSERT_TRUE(get);
    EXPECT_EQ(get->query.max_size, 1024u);
    EXPECT_EQ(get->query.entries.size(), 2u);
    get = parse_get_metadata("(DEPTH infinity MAXSIZE 5) INBOX /Private/Filters");
    ASSERT_TRUE(get);
    EXPECT_EQ(get->query.depth, Depth::infinity);
    EXPECT_EQ(get->query.entries.front(), "/private/filters");
    for (const char* wrong : {"INBOX", "INBOX ()", "INBOX comment", "INBOX /comment", "INBOX /private/",
                              "INBOX /private//x", "INBOX \"/private/a*\"", "INBOX (DEPTH 2) /private/x",
                              "INBOX \"/private/a%\"", "INBOX /private/x /private/y"})
        EXPECT_FALSE(parse_get_metadata(wrong)) << wrong;
}

TEST(GetMetadata, GoesAsDeepAsItIsAsked) {
    MetadataQuery query;
    query.entries = {"/private/a"};
    EXPECT_TRUE(query.wants("/private/a"));
    EXPECT_FALSE(query.wants("/private/a/b"));
    query.depth = Depth::one;
    EXPECT_TRUE(query.wants("/private/a/b"));
    EXPECT_FALSE(query.wants("/private/a/b/c"));
    EXPECT_FALSE(query.wants("/private/ab"));
    query.depth = Depth::infinity;
    EXPECT_TRUE(query.wants("/private/a/b/c"));
}

TEST(SetMetadata, ReadsTheExamplesOfTheRfc) {  // RFC 5464 §4.3
    auto set = parse_set_metadata("INBOX (/private/comment {33}\r\nMy new comment across\r\ntwo lines.)");
    ASSERT_TRUE(set);
    EXPECT_EQ(*set->entries[0].value, "My new comment across\r\ntwo lines.");
    set = parse_set_metadata("INBOX (/private/comment NIL /shared/comment \"This one is for you!\")");
    ASSERT_TRUE(set);
    EXPECT_FALSE(set->entries[0].value);
    EXPECT_EQ(*set->entries[1].value, "This one is for you!");
    EXPECT_TRUE(parse_set_metadata("\"\" (/private/x ~{1}\r\na)"));
    for (const char* wrong :
         {"INBOX ()", "INBOX (/private/x)", "INBOX /private/x \"y\"", "INBOX (/private/x y)"})
        EXPECT_FALSE(parse_set_metadata(wrong)) << wrong;
}

}  // namespace
}  // namespace postrider::imap
