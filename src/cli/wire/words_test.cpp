#include "cli/wire/words.h"

#include <gtest/gtest.h>

namespace postrider::cli {
namespace {

std::vector<std::string> texts(std::string_view line) {
    auto words = parse_words(line);
    std::vector<std::string> out;
    if (!words) return {"!" + words.error().what};
    for (const Word& word : *words) out.push_back(word.is_set ? print(word) : word.text);
    return out;
}
using Texts = std::vector<std::string>;

TEST(Words, BlanksDivideThem) {
    EXPECT_EQ(texts("  ADD \t Account  john "), (Texts{"ADD", "Account", "john"}));
    EXPECT_EQ(texts(""), Texts{});
}

TEST(Words, ABackslashEscapesSpacesAndQuotesInAnEscapedWord) {
    EXPECT_EQ(texts(R"(two\ words it\'s \"x\")"), (Texts{"two words", "it's", "\"x\""}));
    EXPECT_EQ(texts(R"(a\\b c:\dir)"), (Texts{"a\\b", "c:\\dir"}));
}

TEST(Words, SingleQuotesTakeEverythingAsItIs) {
    EXPECT_EQ(texts(R"('a "b" \ c')"), (Texts{R"(a "b" \ c)"}));
    EXPECT_EQ(texts("'a"), (Texts{"!the closing ' is missing"}));
}

TEST(Words, DoubleQuotesEscapeQuotesAndBackslashes) {
    EXPECT_EQ(texts(R"("p m" "a \" b" "a\\b" "it's")"), (Texts{"p m", "a \" b", "a\\b", "it's"}));
    EXPECT_EQ(texts("\"\""), (Texts{""}));
}

TEST(Words, ASetHoldsElements) {
    auto words = parse_words("SET allowedVersions (tls1_1  tls1_2 \"a b\")");
    ASSERT_TRUE(words);
    EXPECT_EQ((*words)[2].elements, (Texts{"tls1_1", "tls1_2", "a b"}));
    EXPECT_TRUE(parse_words("()")->front().is_set);
    EXPECT_FALSE(parse_words("(a (b))"));
    EXPECT_FALSE(parse_words("(a"));
    EXPECT_FALSE(parse_words("(a)b"));
}

TEST(Words, AQuoteInsideAWordIsAMistakeExceptBehindAComparison) {
    EXPECT_FALSE(parse_words("pass\"word"));
    EXPECT_EQ(texts("next_schedule>\"2 Jan 2007 17:34\" x"), (Texts{"next_schedule>2 Jan 2007 17:34", "x"}));
}

TEST(Words, ControlCharactersAndBrokenUtf8AreRefused) {
    EXPECT_FALSE(parse_words(std::string_view{"a\0b", 3}));
    EXPECT_FALSE(parse_words("a\x1b[0m"));
    EXPECT_FALSE(parse_words("\xff\xfe"));
    EXPECT_EQ(texts("j\xc3\xb6rg"), (Texts{"j\xc3\xb6rg"}));
}

TEST(Words, ThereAreLimits) {
    EXPECT_FALSE(parse_words(std::string(max_line + 1, 'a')));
    std::string many;
    for (std::size_t i = 0; i <= max_words; ++i) many += "a ";
    EXPECT_FALSE(parse_words(many));
}

TEST(Words, WhatIsPrintedIsReadBack) {
    const Word odd[] = {
        {"a b\"c'\\d"}, {"", true}, {"(x)"}, {"", false, true, {"a", "b c", "()", ""}}, {"quoted", true}};
    for (const Word& word : odd) {
        auto again = parse_words(print(word));
        ASSERT_TRUE(again) << print(word);
        ASSERT_EQ(again->size(), 1u) << print(word);
        EXPECT_EQ(again->front().text, word.text);
        EXPECT_EQ(again->front().elements, word.elements);
    }
}

}  // namespace
}  // namespace postrider::cli
