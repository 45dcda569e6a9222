#include <gtest/gtest.h>

#include "text/ascii.h"
#include "text/charset.h"
#include "text/fold.h"
#include "text/hex.h"
#include "text/idna.h"
#include "text/mutf7.h"
#include "text/quoted_printable.h"
#include "text/utf8.h"
#include "text/wildcard.h"

using namespace postrider::text;

TEST(Ascii, IgnoresOnlyTheCaseOfLetters) {
    EXPECT_TRUE(equal_ci("Content-ID", "cONTENT-id"));
    EXPECT_FALSE(equal_ci("a[", "a{"));
    EXPECT_TRUE(starts_with_ci("Re: x", "rE"));
    EXPECT_EQ(trim(" \t a b\r\n"), "a b");
    EXPECT_TRUE(is_ascii(std::string(100, 'a')));
    EXPECT_FALSE(is_ascii(std::string(99, 'a') + "\x80"));
    EXPECT_FALSE(is_ascii("\x80" + std::string(99, 'a')));
}

TEST(Hex, GoesBothWays) {
    EXPECT_EQ(to_hex(std::string_view{"\0\x7f\xff", 3}), "007fff");
    EXPECT_EQ(from_hex("00fF"), std::string("\0\xff", 2));
    EXPECT_EQ(from_hex("0"), std::nullopt);
    EXPECT_EQ(from_hex("0g"), std::nullopt);
}

TEST(QuotedPrintable, DecodesTheExampleOfRfc2045) {
    EXPECT_EQ(
        decode_quoted_printable("Now's the time =\r\nfor all folk to come=\r\n to the aid of their country."),
        "Now's the time for all folk to come to the aid of their country.");
}

TEST(QuotedPrintable, EnduresWhatRfc2045Paragraph67Names) {
    EXPECT_EQ(decode_quoted_printable("=3d=3D=E4"), "==\xe4");  // lower case digits
    EXPECT_EQ(decode_quoted_printable("a=ZZb=4"), "a=ZZb=4");   // no digits
    EXPECT_EQ(decode_quoted_printable("blanks \t \r\nend  "), "blanks\r\nend");
    EXPECT_EQ(decode_quoted_printable("soft=  \r\nbreak"), "softbreak");  // padding by gateways
    EXPECT_EQ(decode_quoted_printable("a=\nb\nc"), "ab\nc");
    EXPECT_EQ(decode_quoted_printable("end="), "end");
    std::string out;
    decode_quoted_printable("abcdef", out, 3);
    EXPECT_EQ(out, "abc");
}

TEST(QuotedPrintable, WhatIsEncodedComesBackInShortLines) {
    for (std::string text :
         {std::string("a=b \r\n\r\n tab\t\r\n"), std::string(200, 'x'), std::string(200, '\xe4'),
          std::string("bare\rcr"), std::string("x ") + std::string(74, 'y') + " \r\n"}) {
        std::string coded = encode_quoted_printable(text);
        EXPECT_EQ(decode_quoted_printable(coded), text);
        for (std::size_t at = 0; at < coded.size();) {
            std::size_t end = std::min(coded.find("\r\n", at), coded.size());
            EXPECT_LE(end - at, 76u);
            at = end + 2;
        }
    }
}

TEST(Utf8, IsValidOnlyInItsShortestForm) {
    EXPECT_TRUE(valid_utf8("plain \u00e4 \u20ac \U0001f600"));
    for (const char* bad :
         {"\x80", "\xc0\xaf", "\xc1\x81", "\xe0\x80\xaf", "\xed\xa0\x80", "\xf0\x80\x80\xaf",
          "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xe2\x82", "abcdefgh\xff"})
        EXPECT_FALSE(valid_utf8(bad)) << to_hex(bad);
}

TEST(Utf8, RepairLeavesValidTextAndMarksTheRest) {
    EXPECT_EQ(repair_utf8("a\xe4z"), "a\ufffdz");
    EXPECT_EQ(repair_utf8("\xe2\x82"), "\ufffd");
    EXPECT_EQ(repair_utf8("\u20ac"), "\u20ac");
}

TEST(Utf8, TruncationCutsNoCharacter) {
    EXPECT_EQ(truncate_utf8("a\u20acb", 4), "a\u20ac");
    EXPECT_EQ(truncate_utf8("a\u20acb", 3), "a");
    EXPECT_EQ(truncate_utf8("a\u20acb", 1), "a");
    EXPECT_EQ(truncate_utf8("\U0001f600", 3), "");
}

TEST(ModifiedUtf7, WritesTheExamplesOfRfc3501) {
    EXPECT_EQ(encode_mutf7("~peter/mail/\u53f0\u5317/\u65e5\u672c\u8a9e"), "~peter/mail/&U,BTFw-/&ZeVnLIqe-");
    EXPECT_EQ(decode_mutf7("~peter/mail/&U,BTFw-/&ZeVnLIqe-"), "~peter/mail/\u53f0\u5317/\u65e5\u672c\u8a9e");
    EXPECT_EQ(encode_mutf7("\u2639!"), "&Jjk-!");
    EXPECT_EQ(encode_mutf7("Tom & J"), "Tom &- J");
    EXPECT_EQ(encode_mutf7("\U0001f600"), "&2D3eAA-");
    EXPECT_EQ(decode_mutf7("&2D3eAA-"), "\U0001f600");
    EXPECT_EQ(encode_mutf7("\xff"), std::nullopt);
}

TEST(ModifiedUtf7, HasOneSpellingForEachName) {
    for (const char* bad :
         {"&Jjo!",               // RFC 3501: never switched back
          "&U,BTFw-&ZeVnLIqe-",  // RFC 3501: superfluous shift
          "&AGE-",               // "a" needs none
          "&", "&U,BTFw", "&A-", "&AA-", "&2D0-", "&3gA-", "&AOR-", "a\x7f", "\xc3\xa4", "&AO/-", "&A==-"})
        EXPECT_EQ(decode_mutf7(bad), std::nullopt) << bad;
}

TEST(Charset, ConvertsToUtf8) {
    EXPECT_EQ(to_utf8("caf\xe9", "iso-8859-1"), "caf\u00e9");
    EXPECT_EQ(to_utf8("\x80 5", "ISO-8859-1"), "\u20ac 5");
    EXPECT_EQ(to_utf8("\xcf\xf0\xe8", "windows-1251"), "\u041f\u0440\u0438");
    EXPECT_EQ(to_utf8("\x1b$B4A;z\x1b(B", "ISO-2022-JP"), "\u6f22\u5b57");
    EXPECT_EQ(to_utf8("\xba\xba", "gb2312"), "\u6c49");
    EXPECT_EQ(to_utf8(std::string_view{"\xd8\x3d\xde\x00", 4}, "utf-16be"), "\U0001f600");
    EXPECT_EQ(to_utf8("\xff", "utf-8"), "\ufffd");
    EXPECT_EQ(to_utf8(std::string(5000, '\xe9'), "iso-8859-15").size(), 10000u);
}

TEST(Charset, GuessesWhereItMust) {
    EXPECT_EQ(to_utf8("caf\xc3\xa9", "x-unknown"), "caf\u00e9");
    EXPECT_EQ(to_utf8("caf\xe9", ""), "caf\u00e9");
    EXPECT_EQ(to_utf8("caf\xc3\xa9", "us-ascii"), "caf\u00e9");
    EXPECT_TRUE(known_charset("koi8-r"));
    EXPECT_FALSE(known_charset("x-unknown"));
    EXPECT_FALSE(known_charset(""));
    EXPECT_FALSE(known_charset("utf-16,version=1"));
}

TEST(Idna, TurnsDomainsBothWays) {
    EXPECT_EQ(to_alabels("B\u00dccher.Example"), "xn--bcher-kva.example");
    EXPECT_EQ(to_ulabels("XN--BCHER-KVA.example"), "b\u00fccher.example");
    EXPECT_EQ(to_ulabels("B\u00dcCHER.example"), "b\u00fccher.example");
    EXPECT_EQ(to_ulabels("Example.ORG"), "example.org");
    EXPECT_EQ(to_alabels("a_b.Example"), "a_b.example");
    EXPECT_EQ(to_alabels("\xff"), std::nullopt);
    EXPECT_EQ(to_alabels(""), std::nullopt);
    EXPECT_EQ(to_ulabels("xn--\x2d.example"), "xn---.example");
    // Decoded, these would be other names' U-labels or no names at all (RFC 5891 §5.3).
    EXPECT_EQ(to_ulabels("xn--bcher-kxn-example"), "xn--bcher-kxn-example");
    EXPECT_EQ(to_ulabels("xn--abc-.example"), "xn--abc-.example");
}

TEST(Fold, MakesTheSameTextTheSame) {
    EXPECT_EQ(fold_unicode("Hello"), "HELLO");
    EXPECT_EQ(fold_unicode("\u00c4pfel"), fold_unicode("a\u0308PFEL"));  // composed and not
    EXPECT_EQ(fold_unicode("\u041f\u0440"), fold_unicode("\u043f\u0420"));
    EXPECT_EQ(fold_unicode("\ufb01"), "fi");  // RFC 5051: decomposed after its title case, which "fi" has not
    EXPECT_EQ(fold_unicode("\xff"
                           "a"),
              "\xff"
              "A");
    EXPECT_TRUE(FoldedKey{"\u00c4PF"}.in("die \u00e4pfel"));
    EXPECT_FALSE(FoldedKey{"x"}.in("abc"));
    EXPECT_TRUE(FoldedKey{""}.in(""));
}

TEST(Fold, NumbersOfAnyLengthCompareByValue) {
    EXPECT_TRUE(compare_numeric("2", "10") < 0);
    EXPECT_TRUE(compare_numeric("007x", "7") == 0);
    EXPECT_TRUE(compare_numeric("", "99999999999999999999999") > 0);
    EXPECT_TRUE(compare_numeric("x", "y") == 0);
    EXPECT_TRUE(compare_numeric("100000000000000000000", "99999999999999999999") > 0);
}

TEST(Wildcard, MatchesTheWholeText) {
    EXPECT_TRUE(matches_wildcard("", ""));
    EXPECT_TRUE(matches_wildcard("*", ""));
    EXPECT_TRUE(matches_wildcard("*@Example.ORG", "a@example.org"));
    EXPECT_TRUE(matches_wildcard("a*b*c", "aXbYbZc"));
    EXPECT_FALSE(matches_wildcard("a*b*c", "aXbYbZ"));
    EXPECT_FALSE(matches_wildcard("a", "ab"));
    EXPECT_FALSE(matches_wildcard("?", ""));
    EXPECT_TRUE(matches_wildcard("**?", "x"));
    EXPECT_TRUE(matches_wildcard("A*c", "Abc", Case::kept));
    EXPECT_FALSE(matches_wildcard("A*c", "abc", Case::kept));
}
