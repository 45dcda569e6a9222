#include "relay/srs.h"

#include <gtest/gtest.h>

namespace postrider::relay {
namespace {

const Time now{std::chrono::sys_days{std::chrono::year{2026} / 11 / 20}};
const Srs ours{"0123456789abcdef"};
const std::string home = "ours.example";
constexpr std::chrono::hours day{24};

TEST(Srs, ComesBackToTheSender) {
    const auto out = ours.forward({"Alice", "source.example"}, home, now);
    ASSERT_TRUE(out);
    EXPECT_TRUE(out->local.starts_with("SRS0="));
    EXPECT_TRUE(out->local.ends_with("=source.example=Alice"));
    EXPECT_EQ(out->domain, "ours.example");
    const auto back = ours.reverse(*out, now + 20 * day);
    EXPECT_EQ(back.verdict, Srs::Verdict::good);
    EXPECT_EQ(back.address, (mime::AddrSpec{"Alice", "source.example"}));
}

TEST(Srs, DoesNotMindCase) {
    auto out = *ours.forward({"alice", "source.example"}, home, now);
    for (char& c : out.local)
        if (c >= 'a' && c <= 'z') c = static_cast<char>(c - 32);
    EXPECT_EQ(ours.reverse(out, now).verdict, Srs::Verdict::good);
}

TEST(Srs, GivesNobodyForWhatIsOldOrForged) {
    const auto out = *ours.forward({"alice", "source.example"}, home, now);
    EXPECT_EQ(ours.reverse(out, now + 22 * day).verdict, Srs::Verdict::expired);
    const Srs other{"another secret of 16"};
    EXPECT_EQ(other.reverse(out, now).verdict, Srs::Verdict::forged);
    auto changed = out;
    changed.local.back() = 'x';
    EXPECT_EQ(ours.reverse(changed, now).verdict, Srs::Verdict::forged);
    EXPECT_EQ(ours.reverse({"SRS0=abcdef", "ours.example"}, now).verdict, Srs::Verdict::forged);
    EXPECT_EQ(ours.reverse({"srs", "ours.example"}, now).verdict, Srs::Verdict::not_srs);
}

TEST(Srs, SendsReportsPastAllForwardersButTheFirst) {
    const Srs b{"bbbbbbbbbbbbbbbb"}, c{"cccccccccccccccc"};
    const auto first = *ours.forward({"x", "a.example"}, home, now);
    const auto second = *b.forward(first, "b.example", now);
    EXPECT_TRUE(second.local.starts_with("SRS1="));
    const auto third = *c.forward(second, "c.example", now);
    EXPECT_TRUE(third.local.starts_with("SRS1="));
    EXPECT_EQ(third.domain, "c.example");
    const auto back = c.reverse(third, now);
    EXPECT_EQ(back.verdict, Srs::Verdict::good);
    EXPECT_EQ(back.address, first);
    EXPECT_EQ(ours.reverse(back.address, now).address, (mime::AddrSpec{"x", "a.example"}));
}

TEST(Srs, LeavesAloneWhatItCannotImprove) {
    EXPECT_FALSE(ours.forward({}, home, now));
    EXPECT_FALSE(ours.forward({"x", "ours.example"}, home, now));
    EXPECT_FALSE(ours.forward({std::string(60, 'x'), "source.example"}, home, now));
}

}  // namespace
}  // namespace postrider::relay
