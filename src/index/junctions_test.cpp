#include "index/junctions.h"

#include <gtest/gtest.h>

#include "index/random_text_for_tests.h"
#include "index/runs.h"
#include "text/fold.h"

namespace postrider::index {
namespace {

std::vector<std::uint64_t> filter_of(std::string_view folded) {
    JunctionCollector collector;
    for (std::string_view rest = folded; !rest.empty();)
        if (ends_word(take_run(rest))) collector.add(folded, folded.size() - rest.size());
    std::vector<std::uint64_t> filter;
    collector.finish(filter);
    return filter;
}

TEST(Junctions, AreTwoCharactersOfAWordAndFourBehindIt) {
    EXPECT_EQ(octets_around("THE OFFER", 3), "HE OFF");
    EXPECT_EQ(octets_around("AN OFFER", 2), "AN OFF");
    EXPECT_EQ(octets_around("A OFFER", 1), "");
    EXPECT_EQ(octets_around("THE OF", 3), "");
    EXPECT_EQ(octets_around("\u0434\u0410\u0411, \u0412\u0413", 6), "\u0410\u0411, \u0412\u0413");
}

TEST(Junctions, ThatAreThereAreNeverDenied) {
    std::mt19937 random{20261121};
    std::size_t asked = 0, denied = 0;
    for (int round = 0; round < 3000; ++round) {
        const std::string text = text::fold_unicode(random_text(random, 1 + random() % 60));
        const auto filter = filter_of(text);
        for (int k = 0; k < 20; ++k) {
            const std::string key = text.substr(random() % text.size(), 5 + random() % 30);
            const Needle needle = analyse(key);  // may cut a character: then it asks for nothing
            for (const Junction one : needle.junctions) {
                ASSERT_TRUE(may_have(filter, one)) << "'" << key << "' in '" << text << "'";
                ++asked;
            }
            const std::string other = text::fold_unicode(random_text(random, 10));
            if (text.find(other) != std::string::npos) continue;
            for (const Junction one : analyse(other).junctions) denied += !may_have(filter, one);
        }
    }
    EXPECT_GT(asked, 10000u);
    EXPECT_GT(denied, 10000u);
}

TEST(Junctions, AFilterSeldomAffirmsWhatIsNotThere) {
    std::mt19937_64 random{3};
    JunctionCollector collector;
    std::vector<std::uint64_t> filter;
    for (int i = 0; i < 600; ++i) collector.add(random());
    collector.finish(filter);
    EXPECT_EQ(filter.size() * 64, 4224u);
    int affirmed = 0;
    for (int i = 0; i < 100'000; ++i) affirmed += may_have(filter, random());
    EXPECT_LT(affirmed, 4500);
}

TEST(Junctions, EachMessageHasItsOwn) {
    JunctionCollector collector;
    std::vector<std::uint64_t> filters;
    collector.add(1);
    collector.add(1);
    collector.finish(filters);
    EXPECT_EQ(filters.size(), 1u);
    collector.finish(filters);
    ASSERT_EQ(filters.size(), 2u);
    EXPECT_EQ(filters[1], 0u);
}

TEST(Junctions, OfATextThatHasTooManyNothingIsKept) {
    JunctionCollector collector;
    std::vector<std::uint64_t> filters;
    for (Junction i = 0; i < 300'000; ++i) collector.add(i * 0x9e3779b97f4a7c15u);
    collector.finish(filters);
    EXPECT_TRUE(filters.empty());
    EXPECT_TRUE(may_have(filters, 7));
    collector.add(5);
    collector.finish(filters);
    EXPECT_EQ(filters.size(), 1u);
}

}  // namespace
}  // namespace postrider::index
