#include "index/runs.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "index/random_text_for_tests.h"
#include "text/fold.h"
#include "text/utf8.h"

namespace postrider::index {
namespace {

std::vector<std::string> terms(std::string_view text) {
    std::vector<std::string> all;
    each_term(text, [&](std::string_view term) { all.emplace_back(term); });
    return all;
}

bool in_a_term(const std::vector<std::string>& all, const Piece& piece) {
    return std::ranges::any_of(all, [&](const std::string& term) { return piece.in(term); });
}

TEST(Runs, WordsKeepSinglePunctuationBetweenLetters) {
    EXPECT_EQ(terms("ALICE@EXAMPLE.ORG"), (std::vector<std::string>{"ALICE@EXAMPLE.ORG"}));
    EXPECT_EQ(terms("E-MAIL, NOW."), (std::vector<std::string>{"E-MAIL", ",", " ", "NOW", "."}));
    EXPECT_EQ(terms("A--B"), (std::vector<std::string>{"A", "--", "B"}));
}

TEST(Runs, ScriptsWithoutBlanksBecomePairs) {
    EXPECT_EQ(terms("\u4e2d\u6587\u5b57"), (std::vector<std::string>{"\u4e2d\u6587", "\u6587\u5b57"}));
    EXPECT_EQ(terms("\u4e2d"), (std::vector<std::string>{"\u4e2d"}));
    EXPECT_EQ(terms("X\u4e2d"), (std::vector<std::string>{"X", "\u4e2d"}));
}

TEST(Runs, LongOnesBecomeTermsThatOverlap) {
    const auto all = terms(std::string(100, 'X'));
    ASSERT_EQ(all.size(), 3u);
    EXPECT_EQ(all[0].size(), 64u);
    EXPECT_EQ(all[2].size(), 36u);
}

TEST(Needle, OneRunIsFoundExactly) {
    EXPECT_TRUE(analyse("OFFER").exact);
    EXPECT_TRUE(analyse("ALICE@EXAMPLE.ORG").exact);
    EXPECT_TRUE(analyse("@").exact);
    EXPECT_TRUE(analyse("\u4e2d\u6587").exact);
    EXPECT_FALSE(analyse("\u4e2d\u6587\u5b57").exact);
    EXPECT_FALSE(analyse("TWO WORDS").exact);
    EXPECT_FALSE(analyse("END.").exact);
    EXPECT_FALSE(analyse(std::string(33, 'X')).exact);
    EXPECT_EQ(analyse("TWO WORDS").pieces.size(), 2u);
}

TEST(Needle, SaysNothingOfWhatIsNoText) {
    EXPECT_FALSE(analyse("").usable);
    EXPECT_FALSE(analyse("\xff").usable);
    EXPECT_FALSE(analyse(std::string_view{"A\0B", 3}).usable);
}

TEST(Needle, NeverMissesAndIsRightWhereItSaysSo) {
    std::mt19937 random{20261120};
    int exact = 0, hits = 0;
    for (int round = 0; round < 3000; ++round) {
        const std::string text = text::fold_unicode(random_text(random, 1 + random() % 40));
        const auto all = terms(text);
        for (const std::string& term : all) {
            ASSERT_GE(term.size(), 1u);
            ASSERT_LE(term.size(), 64u);
        }
        for (int k = 0; k < 20; ++k) {
            std::string key;
            if (k % 2 == 0) {
                const std::size_t from = random() % text.size();
                key = text.substr(from, 1 + random() % (k % 4 == 0 ? 6 : 60));
            } else {
                key = text::fold_unicode(random_text(random, 1 + random() % 4));
            }
            const Needle needle = analyse(key);
            if (!needle.usable) continue;
            const bool truth = text.find(key) != std::string::npos;
            const bool candidate =
                std::ranges::all_of(needle.pieces, [&](const Piece& piece) { return in_a_term(all, piece); });
            ASSERT_TRUE(candidate || !truth) << "'" << key << "' in '" << text << "'";
            if (needle.exact) {
                ASSERT_EQ(candidate, truth) << "'" << key << "' in '" << text << "'";
            }
            exact += needle.exact;
            hits += truth;
        }
    }
    EXPECT_GT(exact, 5000);
    EXPECT_GT(hits, 10000);
}

}  // namespace
}  // namespace postrider::index
