#include <gtest/gtest.h>

#include "rpop/wire/imap_reply.h"
#include "rpop/wire/multiline.h"
#include "rpop/wire/pop3_reply.h"

namespace postrider::rpop {
namespace {

TEST(Pop3Reply, StatusLinesAndTheirText) {
    EXPECT_EQ(parse_status("+OK 2 messages")->text, "2 messages");
    EXPECT_TRUE(parse_status("+ok")->ok);
    EXPECT_FALSE(parse_status("-ERR [AUTH] no")->ok);
    for (auto line : {"", "+OKAY", "OK", "* OK IMAP4", "220 smtp"}) EXPECT_FALSE(parse_status(line)) << line;
}

TEST(Pop3Reply, FindsTheStampOfRfc1939) {
    EXPECT_EQ(apop_stamp("POP3 server ready <1896.697170952@dbc.mtview.ca.us>"),
              "<1896.697170952@dbc.mtview.ca.us>");
    EXPECT_EQ(apop_stamp("ready"), "");
    EXPECT_EQ(apop_stamp("ready <now>"), "");
}

TEST(Pop3Reply, ReadsListingsAndPassesOverWhatIsNone) {
    auto sizes = parse_sizes("1 120\r\n2 200\r\nx\r\n0 5\r\n3\r\n-1 5\r\n4 99999999999\r\n", 10);
    ASSERT_EQ(sizes.size(), 3u);
    EXPECT_EQ(sizes[2].number, 4u);
    EXPECT_EQ(sizes[2].size, 99'999'999'999u);
    auto uids = parse_uids("1 whqtswO00WBw418f9t5JxYwZ\r\n2 QhdPYR:00WBw1Ph7x7 more\r\n3 "
                               + std::string(256, 'x') + "\r\n4 a\x80\r\n",
                           10);
    ASSERT_EQ(uids.size(), 2u);
    EXPECT_EQ(uids[1].uid, "QhdPYR:00WBw1Ph7x7");
    EXPECT_EQ(parse_uids("1 a\r\n2 b\r\n3 c\r\n", 2).size(), 2u);
}

TEST(Multiline, EndsWithADotAloneHoweverItArrives) {
    const std::string_view answer = "Subject: x\r\n\r\n..stuffed\r\n.also\nbare\n\r\n.\r\n+OK next";
    for (std::size_t piece : {1u, 2u, 3u, 7u, 100u}) {
        Multiline lines{1000};
        std::size_t taken = 0;
        while (taken < answer.size() && !lines.done()) taken += lines.take(answer.substr(taken, piece));
        EXPECT_TRUE(lines.done());
        EXPECT_EQ(lines.text(), "Subject: x\r\n\r\n.stuffed\r\nalso\r\nbare\r\n\r\n");
        EXPECT_EQ(answer.substr(taken), "+OK next");
    }
}

TEST(Multiline, GivesUpWhenItIsTooLarge) {
    Multiline lines{10};
    lines.take("12345678901\r\n");
    EXPECT_TRUE(lines.too_large());
    EXPECT_EQ(lines.take("more"), 0u);
}

TEST(ImapReply, ReadsTheShapesOfRfc9051) {
    auto ok = parse_imap("* OK [UIDVALIDITY 3857529045] UIDs valid");
    EXPECT_EQ(code_number(ok->code, "UIDVALIDITY"), 3857529045u);
    EXPECT_EQ(ok->text, "UIDs valid");
    auto exists = parse_imap("* 172 EXISTS");
    EXPECT_EQ(exists->number, 172u);
    EXPECT_EQ(exists->word, "EXISTS");
    auto tagged = parse_imap("a1 NO [AUTHENTICATIONFAILED] no");
    EXPECT_EQ(tagged->kind, ImapReply::Kind::tagged);
    EXPECT_EQ(tagged->tag, "a1");
    EXPECT_EQ(tagged->code, "AUTHENTICATIONFAILED");
    EXPECT_EQ(parse_imap("+ go on")->kind, ImapReply::Kind::continuation);
    EXPECT_FALSE(parse_imap(""));
    EXPECT_FALSE(parse_imap("*"));
    EXPECT_FALSE(parse_imap("* 99999999999 EXISTS"));
}

TEST(ImapReply, FindsTheBodyAmongOtherItems) {
    auto fetched = parse_fetch(
        "(UID 7 FLAGS (\\Seen $X) RFC822.SIZE 44 X {3} BODY[HEADER.FIELDS (A B)] {2} BODY[] {44})");
    ASSERT_TRUE(fetched);
    EXPECT_EQ(fetched->uid, 7u);
    EXPECT_EQ(fetched->size, 44u);
    EXPECT_EQ(fetched->literal, 2u);
    EXPECT_EQ(parse_fetch("(BODY[] \"a\\\"b\" UID 1)")->quoted, "a\"b");
    EXPECT_FALSE(parse_fetch("(BODY[] NIL UID 1)")->literal);
    for (auto text : {"", "(", "(UID", "(UID x)", "(UID 1", "(X (((", "(X \"open"})
        EXPECT_FALSE(parse_fetch(text)) << text;
    EXPECT_FALSE(parse_fetch("(X " + std::string(10'000, '(')));
}

TEST(ImapReply, ReadsSearchesAndLiterals) {
    EXPECT_EQ(parse_search("5 2 2 9 (MODSEQ 3)", 10), (std::vector<std::uint32_t>{2, 5, 9}));
    EXPECT_EQ(parse_search("", 10).size(), 0u);
    EXPECT_EQ(literal_at_end("* 1 FETCH (BODY[] {310}"), 310u);
    EXPECT_EQ(literal_at_end("x {3+}"), 3u);
    for (auto line : {"x {}", "x {a}", "x 3}", "x {3} ", "x {99999999999999999999}"})
        EXPECT_FALSE(literal_at_end(line)) << line;
    EXPECT_EQ(quote("a\"b\\c"), "\"a\\\"b\\\\c\"");
    EXPECT_FALSE(quote("a\r\nb"));
    EXPECT_FALSE(quote("\xc3\xa4"));
}

}  // namespace
}  // namespace postrider::rpop
