#include "imap/wire/imap_url.h"

#include <gtest/gtest.h>

namespace postrider::imap {
namespace {

TEST(ImapUrl, ReadsPathsOfCatenate) {  // RFC 4469 §3
    auto url = parse_imap_url("/Drafts;UIDVALIDITY=385759045/;UID=20/;section=HEADER");
    ASSERT_TRUE(url);
    EXPECT_TRUE(url->relative);
    EXPECT_EQ(url->mailbox, "Drafts");
    EXPECT_EQ(url->uid_validity, 385759045u);
    EXPECT_EQ(url->uid, 20u);
    EXPECT_EQ(url->section, "HEADER");
    url = parse_imap_url("/a%20b/%C3%A4/;uid=7/;PARTIAL=10.5");
    ASSERT_TRUE(url);
    EXPECT_EQ(url->mailbox, "a b/\u00e4");
    EXPECT_EQ(url->partial, (FetchSection::Partial{10, 5}));
    url = parse_imap_url(";UID=7/;section=1.2.MIME");
    ASSERT_TRUE(url);
    EXPECT_EQ(url->mailbox, "");
    EXPECT_EQ(parse_imap_url("/inbox/;UIDVALIDITY=3/;UID=4")->uid_validity, 3u);
}

TEST(ImapUrl, ReadsUrlsWithAuthority) {  // RFC 4467 §3
    std::string rump =
        "imap://joe@example.com/INBOX/;uid=20/;section=1.2;expire=2027-12-31T23:59:59Z;urlauth=submit+fred";
    auto url = parse_imap_url(rump);
    ASSERT_TRUE(url);
    EXPECT_EQ(url->user, "joe");
    EXPECT_EQ(url->host, "example.com");
    EXPECT_EQ(url->access, "submit+fred");
    EXPECT_EQ(url->rump, rump.size());
    EXPECT_EQ(url->token, "");
    ASSERT_TRUE(url->expires);
    EXPECT_EQ(std::chrono::system_clock::to_time_t(*url->expires), 1830297599);
    url = parse_imap_url(rump + ":internal:91354a473744909de610943775f92038");
    ASSERT_TRUE(url);
    EXPECT_EQ(url->rump, rump.size());
    EXPECT_EQ(url->mechanism, "INTERNAL");
    EXPECT_EQ(url->token, "91354a473744909de610943775f92038");
    EXPECT_EQ(parse_imap_url("imap://a%40b.c;AUTH=*@h:143/x/;UID=1;URLAUTH=anonymous")->user, "a@b.c");
}

TEST(ImapUrl, IsNothingElse) {
    for (const char* wrong : {"",
                              "/",
                              "/INBOX",
                              "/INBOX/",
                              "/INBOX/;UID=",
                              "/INBOX/;UID=0",
                              "/INBOX/;UID=99999999999",
                              "/INBOX/;UID=1/",
                              "/INBOX/;UID=1/;x=y",
                              "/IN%4/;UID=1",
                              "/IN%00BOX/;UID=1",
                              "/%FF/;UID=1",
                              "http://x/INBOX/;UID=1",
                              "//host/INBOX/;UID=1",
                              "imap:///INBOX/;UID=1",
                              "imap://h/;UID=1",
                              "/INBOX/;UID=1/;PARTIAL=1.0",
                              "/a b/;UID=1",
                              "/INBOX/;UID=1;URLAUTH=",
                              "/INBOX/;UID=1;URLAUTH=user+",
                              "/INBOX/;UID=1;URLAUTH=all",
                              "/INBOX/;UID=1;EXPIRE=2027-13-01T00:00:00Z;URLAUTH=authuser",
                              "/INBOX/;UID=1;EXPIRE=2027-01-01T00:00:00Z",
                              "/INBOX/;UID=1;URLAUTH=authuser:internal:12",
                              "/INBOX/;UID=1/;UID=2",
                              "/INBOX;UIDVALIDITY=0/;UID=1"})
        EXPECT_FALSE(parse_imap_url(wrong)) << wrong;
    EXPECT_FALSE(parse_imap_url("/" + std::string(max_url, 'x') + "/;UID=1"));
}

}  // namespace
}  // namespace postrider::imap
