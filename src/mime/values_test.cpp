#include <gtest/gtest.h>

#include "mime/date.h"
#include "mime/encoded_word.h"
#include "mime/message_id.h"
#include "mime/parameters.h"
#include "mime/subject.h"

using namespace postrider::mime;

TEST(Date, ReadsTheExamplesOfRfc5322) {
    struct Case {
        const char* text;
        std::int64_t seconds;
        int zone;
    };
    const Case cases[] = {
        {"Fri, 21 Nov 1997 09:55:06 -0600", 880127706, -360},
        {"Tue, 1 Jul 2003 10:52:37 +0200", 1057049557, 120},
        {"Thu, 13 Feb 1969 23:32:54 -0330", -27723426, -210},
        {"21 Nov 97 09:55:06 GMT", 880106106, 0},                              // A.6.2
        {"Fri, 21 Nov 1997 09(comment):   55  :  06 -0600", 880127706, -360},  // A.6.3
        {"Thu,\r\n      13\r\n        Feb\r\n          1969\r\n      23:32\r\n               -0330 "
         "(Newfoundland Time)",
         -27723480, -210},  // A.5
        {"Sat, 24 Mar 2007 23:00:00 +0200", 1174770000, 120},
        {"24-Mar-2007 23:00:00 EST", 1174795200, -300},
        {"Sat Mar 24 23:00:00 2007", 1174777200, 0},  // asctime
        {"1 Jan 49 00:00 Z", 2493072000, 0},
        {"1 Jan 50 00:00 Z", -631152000, 0},
        {"1 Jan 103 00:00 Z", 1041379200, 0},
        {"31 Dec 1998 23:59:60 +0000", 915148800, 0},  // a leap second
    };
    for (const Case& c : cases) {
        auto date = parse_date(c.text);
        ASSERT_TRUE(date) << c.text;
        EXPECT_EQ(date->seconds, c.seconds) << c.text;
        EXPECT_EQ(date->zone_minutes, c.zone) << c.text;
    }
}

TEST(Date, RefusesWhatNeverWas) {
    for (const char* text :
         {"", "today", "31 Feb 2020 10:00", "1 Jan 2020", "1 Jan 2020 24:00", "1 Jan 2020 10:60",
          "0 Jan 2020 10:00", "1 Foo 2020 10:00", "Jan 2020 10:00", "99999 Jan 2020 10:00", "1 Jan 10:00"})
        EXPECT_FALSE(parse_date(text)) << text;
    EXPECT_EQ(parse_date("1 Jan 2020 10:00 +9999")->zone_minutes, 0);
}

TEST(Date, IsWrittenAsReaders) {
    DateTime when{880127706, -360};
    EXPECT_EQ(format_date(when), "Fri, 21 Nov 1997 09:55:06 -0600");
    EXPECT_EQ(format_internal_date(when), "21-Nov-1997 09:55:06 -0600");
    EXPECT_EQ(format_internal_date({1057049557, 120}), " 1-Jul-2003 10:52:37 +0200");
    EXPECT_EQ(parse_internal_date(" 1-Jul-2003 10:52:37 +0200")->seconds, 1057049557);
    EXPECT_EQ(parse_internal_date("21-Nov-1997 09:55:06 -0600")->zone_minutes, -360);
    for (const char* text :
         {"1-Jul-2003 10:52:37 +0200", "31-Feb-2003 10:52:37 +0200", " 1-Jul-2003 10:52:37  0200",
          " 1-Jul-2003 25:52:37 +0200", " 1-Jux-2003 10:52:37 +0200", " 1-Jul-2003 10:52:37 +0299"})
        EXPECT_FALSE(parse_internal_date(text)) << text;
}

TEST(EncodedWord, DecodesTheExamplesOfRfc2047) {
    const std::pair<const char*, const char*> cases[] = {
        {"=?US-ASCII?Q?Keith_Moore?=", "Keith Moore"},
        {"=?ISO-8859-1?Q?Keld_J=F8rn_Simonsen?=", "Keld J\u00f8rn Simonsen"},
        {"=?ISO-8859-1?B?SWYgeW91IGNhbiByZWFkIHRoaXMgeW8=?=\r\n "
         "=?ISO-8859-2?B?dSB1bmRlcnN0YW5kIHRoZSBleGFtcGxlLg==?=",
         "If you can read this you understand the example."},
        {"=?ISO-8859-1?Q?a?=", "a"},
        {"=?ISO-8859-1?Q?a?= b", "a b"},
        {"=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=", "ab"},
        {"=?ISO-8859-1?Q?a?=  \r\n    =?ISO-8859-1?Q?b?=", "ab"},
        {"=?ISO-8859-1?Q?a_b?=", "a b"},
        {"=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=", "a b"},
        {"=?US-ASCII*EN?Q?Keith_Moore?=", "Keith Moore"},  // RFC 2231 §5
        {"(=?ISO-8859-1?Q?a?=)", "(a)"},
    };
    for (auto [coded, plain] : cases) EXPECT_EQ(decode_encoded_words(coded), plain);
}

TEST(EncodedWord, EnduresWhatSendersDo) {
    EXPECT_EQ(decode_encoded_words("=?utf-8?Q?=C3?= =?utf-8?Q?=A4?="), "\u00e4");  // a character cut in two
    EXPECT_EQ(decode_encoded_words("=?utf-8?B?w6Q?="), "\u00e4");                  // no padding
    EXPECT_EQ(decode_encoded_words("=?utf-8?Q?a b?="), "a b");                     // a raw blank
    EXPECT_EQ(decode_encoded_words("=?utf-8?X?a?="), "=?utf-8?X?a?=");
    EXPECT_EQ(decode_encoded_words("=?utf-8?Q?open"), "=?utf-8?Q?open");
    EXPECT_EQ(decode_encoded_words("=?="), "=?=");
    EXPECT_EQ(decode_encoded_words("raw \xe4"), "raw \u00e4");
    EXPECT_EQ(decode_encoded_words("=?utf-8?Q?what?"
                                   "?="),
              "what?");
    EXPECT_EQ(decode_encoded_words("=?utf-8?Q?"
                                   "?="),
              "");
    EXPECT_EQ(decode_encoded_words("=?x?q?=41?="), "A");
}

TEST(EncodedWord, IsWrittenWhereItIsNeeded) {
    EXPECT_EQ(encode_words("plain text"), "plain text");
    for (std::string text :
         {std::string("\u00e4"), std::string("=?x"), std::string("\u20ac") + std::string(100, 'x')}) {
        std::string coded = encode_words(text);
        EXPECT_EQ(decode_encoded_words(coded), text);
        for (std::size_t at = 0; at < coded.size();) {
            std::size_t end = std::min(coded.find("\r\n", at), coded.size());
            EXPECT_LE(end - at, 76u);
            at = end + 2;
        }
    }
}

TEST(BaseSubject, FollowsRfc5256) {
    struct Case {
        const char* raw;
        const char* base;
        bool marked;
    };
    const Case cases[] = {
        {"hello", "hello", false},
        {"Re: hello", "hello", true},
        {"RE : [blob] hello", "hello", true},
        {"re[2]: hello", "hello", true},
        {"Fwd: Re: fw: hello (fwd)", "hello", true},
        {"[list] Re: hello", "hello", true},
        {"[a][b] hello", "hello", false},
        {"[only]", "[only]", false},
        {"[a] [only]", "[only]", false},
        {"[fwd: hello]", "hello", true},
        {"[Fwd: Re: [x] hello (fwd)]", "hello", true},
        {" a \t b\r\n c ", "a b c", false},
        {"Re:", "", true},
        {"", "", false},
        {"=?utf-8?Q?Re:_hell=C3=B6?=", "hell\u00f6", true},
        {"Reply: x", "Reply: x", false},
        {"re-run", "re-run", false},
        {"hello (fwd) (FWD) ", "hello", true},
        {"[a[b] x", "[a[b] x", false},
    };
    for (const Case& c : cases) {
        BaseSubject subject = base_subject(c.raw);
        EXPECT_EQ(subject.text, c.base) << c.raw;
        EXPECT_EQ(subject.reply_or_forward, c.marked) << c.raw;
    }
}

TEST(MessageIds, AreFoundInWhateverSurroundsThem) {
    using Ids = std::vector<std::string>;
    EXPECT_EQ(parse_message_ids("<a@b> <c@d>"), (Ids{"a@b", "c@d"}));
    EXPECT_EQ(parse_message_ids("Your message of \"Mon\" <a@b>\r\n\t<c@\r\n d>"), (Ids{"a@b", "c@d"}));
    EXPECT_EQ(parse_message_ids("<a <b@c> <>"), (Ids{"b@c"}));
    EXPECT_EQ(parse_message_ids("none"), Ids{});
    EXPECT_EQ(parse_message_ids("<a><b><c>", 2).size(), 2u);
    EXPECT_EQ(first_message_id("bare@id"), "bare@id");
    EXPECT_EQ(first_message_id("two words"), std::nullopt);
    EXPECT_EQ(thread_key(""), 0u);
    EXPECT_NE(thread_key("a@b"), thread_key("a@c"));
    EXPECT_EQ(thread_key("a@b"), 4529157529254930871u) << "kept on disk: must never change";
}

TEST(Parameters, AreReadAsRfc2231Says) {
    EXPECT_EQ(find_parameter("message/external-body; access-type=URL;\r\n URL*0=\"ftp://\";\r\n"
                             " URL*1=\"cs.utk.edu/pub/moore/bulk-mailer/bulk-mailer.tar\"",
                             "url"),
              "ftp://cs.utk.edu/pub/moore/bulk-mailer/bulk-mailer.tar");
    EXPECT_EQ(
        find_parameter("application/x-stuff;\r\n title*=us-ascii'en-us'This%20is%20%2A%2A%2Afun%2A%2A%2A",
                       "title"),
        "This is ***fun***");
    EXPECT_EQ(find_parameter("application/x-stuff\r\n ;title*0*=us-ascii'en'This%20is%20even%20more%20;\r\n"
                             " title*1*=%2A%2A%2Afun%2A%2A%2A%20; title*2=\"isn't it!\"",
                             "title"),
              "This is even more ***fun*** isn't it!");
    EXPECT_EQ(find_parameter("a/b; name=\"=?utf-8?Q?=C3=A4?=.txt\"", "name"), "\u00e4.txt");
    EXPECT_EQ(find_parameter("a/b; name*=iso-8859-1''%e4", "name"), "\u00e4");
    EXPECT_EQ(find_parameter("a/b; x=y; NAME = \"a\\\"b;c\" ; z", "name"), "a\"b;c");
    EXPECT_EQ(find_parameter("a/b; name=un quoted.txt; z=1", "name"), "un quoted.txt");
    EXPECT_EQ(find_parameter("text/plain; charset=us-ascii (Plain text)", "charset"), "us-ascii");
    EXPECT_EQ(find_parameter("a/b;; ;name=x", "name"), "x");
    EXPECT_EQ(find_parameter("a/b", "name"), "");
    EXPECT_EQ(find_parameter("a/b; *1=x; *=y", "*1"),
              "x");  // an asterisk alone makes no piece of a nameless one
    EXPECT_EQ(find_parameter("a/b; name*1=b; name*0=a; name*3=d", "name"), "ab");
}

TEST(ContentType, InvalidOnesAreNone) {
    EXPECT_EQ(parse_content_type(" text / (c) html;x=y")->subtype, "html");
    for (const char* value : {"", "text", "text/", "/plain", ";", "\"text/plain\""})
        EXPECT_FALSE(parse_content_type(value)) << value;
}
