#include "imap/wire/sort.h"

#include <gtest/gtest.h>

#include "imap/wire/fetch.h"

namespace postrider::imap {
namespace {

using Kind = SortKey::Kind;

TEST(SortCommand, ReadsTheExamplesOfTheRfc) {  // RFC 5256 §3
    auto sort = parse_sort("(SUBJECT REVERSE DATE) UTF-8 ALL");
    ASSERT_TRUE(sort);
    EXPECT_EQ(sort->keys, (std::vector<SortKey>{{Kind::subject, false}, {Kind::date, true}}));
    EXPECT_EQ(sort->search.charset, "UTF-8");
    EXPECT_TRUE(parse_sort("(SUBJECT) UTF-8 SINCE 1-Feb-1994"));
    EXPECT_TRUE(parse_sort("RETURN (MIN COUNT) (REVERSE DISPLAYFROM) US-ASCII TEXT \"not in mailbox\""));
    for (const char* wrong :
         {"() UTF-8 ALL", "(SUBJECT) ALL", "(REVERSE) UTF-8 ALL", "(REVERSE REVERSE DATE) UTF-8 ALL",
          "(COLOUR) UTF-8 ALL", "(DATE) UTF-8", "(DATE)UTF-8 ALL"})
        EXPECT_FALSE(parse_sort(wrong)) << wrong;
}

TEST(ThreadCommand, ReadsTheExamplesOfTheRfc) {
    auto thread = parse_thread("ORDEREDSUBJECT UTF-8 SINCE 5-MAR-2000");
    ASSERT_TRUE(thread);
    EXPECT_EQ(thread->algorithm, ThreadArgs::Algorithm::ordered_subject);
    EXPECT_TRUE(parse_thread("REFERENCES US-ASCII TEXT \"gewp\""));
    EXPECT_TRUE(parse_thread("refs us-ascii all"));
    EXPECT_FALSE(parse_thread("JWZ US-ASCII ALL"));
    EXPECT_FALSE(parse_thread("REFERENCES ALL"));
}

TEST(PartialRange, CountsFromEitherEnd) {  // RFC 9394 §3.1
    auto range = [](std::string_view text) {
        Cursor in{text};
        auto read = partial_range(in);
        return in.finish(read);
    };
    auto span = [&](std::string_view text, std::uint32_t count) {
        auto found = range(text)->of(count);
        return std::pair{found.begin, found.end};
    };
    EXPECT_EQ(span("1:500", 23764), (std::pair{0u, 500u}));
    EXPECT_EQ(span("500:1", 23764), (std::pair{0u, 500u}));
    EXPECT_EQ(span("23500:24000", 23764), (std::pair{23499u, 23764u}));
    EXPECT_EQ(span("24000:24500", 23764), (std::pair{0u, 0u}));
    EXPECT_EQ(span("-1:-100", 23764), (std::pair{23664u, 23764u}));
    EXPECT_EQ(span("-2:-3", 10), (std::pair{7u, 9u}));
    EXPECT_EQ(span("-9:-20", 10), (std::pair{0u, 2u}));
    for (const char* wrong : {"0:1", "1", "1:*", "-1:5", "1:-5", "-0:-1", ""})
        EXPECT_FALSE(range(wrong)) << wrong;
}

TEST(SearchReturn, TakesPartialOrAllButNotBoth) {
    EXPECT_EQ(parse_search("RETURN (PARTIAL -1:-100) UNDELETED")->partial, (PartialRange{1, 100, true}));
    EXPECT_FALSE(parse_search("YOUNGER 0")) << "RFC 5032 §4";
    EXPECT_FALSE(parse_fetch("1 (UID) (PARTIAL 1:2 PARTIAL 3:4)"));
    EXPECT_FALSE(parse_search("RETURN (ALL PARTIAL 1:5) ALL"));
    EXPECT_FALSE(parse_search("RETURN (PARTIAL 1:5 PARTIAL 1:5) ALL"));
    EXPECT_EQ(parse_search("RETURN (CONTEXT) ALL")->returns, SearchArgs::context | SearchArgs::all);
}

TEST(FetchModifiers, MayBeSeveral) {  // RFC 9394 §3.4
    auto fetch = parse_fetch("25900:26600 (UID FLAGS) (PARTIAL -1:-30 CHANGEDSINCE 98305)");
    ASSERT_TRUE(fetch);
    EXPECT_EQ(*fetch->changed_since, 98305u);
    EXPECT_EQ(*fetch->partial, (PartialRange{1, 30, true}));
    EXPECT_TRUE(parse_fetch("1:* (FLAGS) (CHANGEDSINCE 12345 VANISHED)")->vanished);
    EXPECT_FALSE(parse_fetch("1:* (FLAGS) (VANISHED)"));
    EXPECT_FALSE(parse_fetch("1:* (FLAGS) ()"));
    EXPECT_EQ(parse_fetch("1 (PREVIEW (LAZY) EMAILID THREADID SAVEDATE)")->items,
              FetchArgs::preview | FetchArgs::email_id | FetchArgs::thread_id | FetchArgs::save_date);
}

}  // namespace
}  // namespace postrider::imap
