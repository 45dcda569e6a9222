#include <gtest/gtest.h>

#include "net/error_budget.h"
#include "net/gate.h"

namespace postrider::net {
namespace {

using Kind = AccessRules::Verdict::Kind;
using settings::AllowRule;
using settings::ConnectionLimits;
using settings::DenyRule;

ConnectionLimits limits(unsigned total, unsigned interval, unsigned peer, unsigned peer_interval) {
    return {total, interval, 60s, peer, peer_interval, 60s};
}

AllowRule allow(std::string set, unsigned priority,
                ConnectionLimits within = settings::unlimited_connections()) {
    return {std::move(set), true, priority, within};
}
DenyRule deny(std::string set, unsigned priority) {
    return {std::move(set), true, priority};
}

settings::Ip ip(const char* text) {
    return settings::parse_ip(text).value();
}

Kind decide(const settings::AccessRules& rules, const char* who) {
    return AccessRules::compile(rules).value().decide(ip(who)).kind;
}

TEST(AccessRules, TheLowerNumberWinsAndATieAccepts) {
    const struct {
        unsigned allow, deny;
        Kind expected;
    } cases[] = {
        {10, 20, Kind::allow}, {20, 10, Kind::deny}, {500, 500, Kind::allow}, {1, 1000, Kind::allow}};
    for (const auto& c : cases) {
        const settings::AccessRules rules{{allow("10.0.0.0/8", c.allow)}, {deny("10.1.0.0/16", c.deny)}};
        EXPECT_EQ(decide(rules, "10.1.2.3"), c.expected) << c.allow << " " << c.deny;
        EXPECT_EQ(decide(rules, "10.2.2.3"), Kind::allow);
        EXPECT_EQ(decide(rules, "11.2.2.3"), Kind::no_rule);
    }
}

TEST(AccessRules, AmongSeveralMatchingRulesTheLowestNumberOfEachKindCounts) {
    const settings::AccessRules rules{
        {allow("10.0.0.0/8", 300), allow("10.0.0.1", 50)},
        {deny("10.0.0.0-10.0.0.9", 400), deny("10.0.0.1/255.255.255.255", 100)}};
    EXPECT_EQ(decide(rules, "10.0.0.1"), Kind::allow);
    EXPECT_EQ(AccessRules::compile(rules).value().decide(ip("10.0.0.1")).rule, 1U);
    EXPECT_EQ(decide(rules, "10.0.0.2"), Kind::allow);  // 300 against 400
}

TEST(AccessRules, ADisabledRuleDoesNotExist) {
    settings::AccessRules rules{{}, {deny("0.0.0.0/0", 1)}};
    rules.deny[0].enable = false;
    EXPECT_EQ(decide(rules, "10.0.0.1"), Kind::no_rule);
}

TEST(AccessRules, FamiliesDoNotMix) {
    EXPECT_EQ(decide({{}, {deny("0.0.0.0/0", 1)}}, "2001:db8::1"), Kind::no_rule);
    EXPECT_EQ(decide({{}, {deny("::/0", 1)}}, "192.0.2.1"), Kind::no_rule);
    EXPECT_EQ(decide({{}, {deny("2001:db8::/32", 1)}}, "2001:db8:ffff::1"), Kind::deny);
    EXPECT_EQ(decide({{}, {deny("2001:db8::1-2001:db8::f", 1)}}, "2001:db8::10"), Kind::no_rule);
}

TEST(AccessRules, AWrongSetIsNamed) {
    const auto compiled = AccessRules::compile({{allow("10.0.0.0/33", 1)}, {}});
    ASSERT_FALSE(compiled);
    EXPECT_EQ(compiled.error(), "'10.0.0.0/33' is not an IP set");
    EXPECT_FALSE(AccessRules::compile({{}, {deny("", 1)}}));
}

TEST(FlowControl, SimultaneousConnectionsAreCountedInAllAndPerPeer) {
    ManualClock clock{Time{} + 1000s};
    const auto flow = FlowControl::create(limits(3, 0, 2, 0), clock);
    auto a = flow->admit(ip("10.0.0.1"));
    auto b = flow->admit(ip("10.0.0.1"));
    ASSERT_TRUE(a && b);
    EXPECT_EQ(flow->admit(ip("10.0.0.1")).error(), FlowControl::Refusal::peer_connections);
    auto c = flow->admit(ip("10.0.0.2"));
    ASSERT_TRUE(c);
    EXPECT_EQ(flow->admit(ip("10.0.0.3")).error(), FlowControl::Refusal::connections);
    a->reset();
    EXPECT_TRUE(flow->admit(ip("10.0.0.1")));
    b->reset();
    c->reset();
    EXPECT_EQ(flow->connections(), 0U);
    EXPECT_EQ(flow->peers(), 0U);
}

TEST(FlowControl, IntervalLimitsComeBackWithTheNextInterval) {
    ManualClock clock{Time{} + 1000s};
    const auto flow = FlowControl::create(limits(0, 5, 0, 2), clock);
    for (int i = 0; i < 2; ++i) EXPECT_TRUE(flow->admit(ip("10.0.0.1")));
    EXPECT_EQ(flow->admit(ip("10.0.0.1")).error(), FlowControl::Refusal::peer_interval);
    for (int i = 0; i < 2; ++i) EXPECT_TRUE(flow->admit(ip("10.0.0.2")));
    EXPECT_TRUE(flow->admit(ip("10.0.0.3")));
    EXPECT_EQ(flow->admit(ip("10.0.0.4")).error(), FlowControl::Refusal::interval);
    clock.advance(60s);
    EXPECT_TRUE(flow->admit(ip("10.0.0.1")));
    clock.advance(-3600s);  // a clock that is set back locks nobody out
    EXPECT_TRUE(flow->admit(ip("10.0.0.1")));
    EXPECT_TRUE(flow->admit(ip("10.0.0.1")));
}

TEST(FlowControl, AnIpv6PeerIsItsSubnet) {
    ManualClock clock{Time{} + 1000s};
    const auto flow = FlowControl::create(limits(0, 0, 1, 0), clock);
    const auto first = flow->admit(ip("2001:db8:0:1::1"));
    EXPECT_FALSE(flow->admit(ip("2001:db8:0:1:ffff::2")));
    EXPECT_TRUE(flow->admit(ip("2001:db8:0:2::1")));
}

TEST(FlowControl, MemoryIsBoundedHoweverManyPeersCome) {
    ManualClock clock{Time{} + 1000s};
    const auto flow = FlowControl::create(limits(0, 0, 10, 10), clock, 100);
    for (unsigned i = 0; i < 10'000; ++i) {
        const std::string text = "10.0." + std::to_string(i / 256) + "." + std::to_string(i % 256);
        EXPECT_TRUE(flow->admit(ip(text.c_str())));
    }
    EXPECT_LE(flow->peers(), 100U);
}

class GateTest : public testing::Test {
protected:
    std::shared_ptr<AccessLevel> level(const settings::AccessRules& rules, const ConnectionLimits& within) {
        return AccessLevel::create(rules, within, clock).value();
    }
    ManualClock clock{Time{} + 1000s};
    ConnectionLimits none = settings::unlimited_connections();
};

TEST_F(GateTest, TheListenersRulesOverrideTheServicesAndThoseTheServers) {
    const auto listener = level({{allow("10.0.0.1", 900)}, {}}, none);
    const auto service = level({{allow("10.0.0.2", 900)}, {deny("10.0.0.1", 1)}}, none);
    const auto server = level({{}, {deny("10.0.0.0/8", 1)}}, none);
    const Gate gate{listener, service, server};
    EXPECT_TRUE(gate.admit("10.0.0.1"));
    EXPECT_TRUE(gate.admit("10.0.0.2"));
    EXPECT_EQ(gate.admit("10.0.0.3").error(), "denied by rule");
    EXPECT_TRUE(gate.admit("192.0.2.1"));
    EXPECT_TRUE(gate.admit(""));
}

TEST_F(GateTest, AnAllowRuleCanRaiseTheListenersLimitPerPeerButNotItsTotal) {
    const auto listener = level({{allow("10.0.0.0/8", 1, limits(0, 0, 5, 0))}, {}}, limits(6, 0, 1, 0));
    const Gate gate{listener, nullptr, nullptr};
    std::vector<Gate::Ticket> places;
    for (int i = 0; i < 5; ++i) places.push_back(gate.admit("10.0.0.1").value());
    EXPECT_EQ(gate.admit("10.0.0.1").error(), "too many connections from this address, by rule");
    places.push_back(gate.admit("192.0.2.1").value());
    EXPECT_EQ(gate.admit("192.0.2.2").error(), "too many connections");
    places.clear();
    EXPECT_TRUE(gate.admit("192.0.2.1"));
}

TEST_F(GateTest, ARuleOfTheServiceLeavesTheListenersLimitsAlone) {
    // The rule that saved configurations carry for every service.
    const auto service = level({{allow("0.0.0.0-254.255.255.255", 1000)}, {}}, none);
    const Gate gate{level({}, limits(10, 0, 1, 0)), service, nullptr};
    const auto first = gate.admit("192.0.2.1");
    EXPECT_TRUE(first);
    EXPECT_FALSE(gate.admit("192.0.2.1"));
}

TEST_F(GateTest, TheServicesLimitsCountWhereNoRuleOfTheListenerMatched) {
    const auto service = level({}, limits(1, 0, 0, 0));
    const Gate gate{level({{allow("10.0.0.0/8", 1)}, {}}, none), service, nullptr};
    const auto first = gate.admit("192.0.2.1");
    EXPECT_TRUE(first);
    EXPECT_FALSE(gate.admit("192.0.2.2"));
    EXPECT_TRUE(gate.admit("10.0.0.1"));
}

TEST_F(GateTest, AReloadKeepsCountingWhatStands) {
    settings::AccessRules rules{{allow("10.0.0.0/8", 1, limits(0, 0, 2, 0))}, {}};
    const auto listener = level(rules, none);
    const Gate gate{listener, nullptr, nullptr};
    const auto first = gate.admit("10.0.0.1");
    const auto second = gate.admit("10.0.0.1");
    EXPECT_FALSE(gate.admit("10.0.0.1"));
    rules.allow[0].limits.peer_max_connections = 3;
    ASSERT_TRUE(listener->reload(rules, none));
    const auto third = gate.admit("10.0.0.1");
    EXPECT_TRUE(third);
    EXPECT_FALSE(gate.admit("10.0.0.1"));
}

TEST(ErrorBudget, TheLastAllowedErrorClosesAndZeroNeverDoes) {
    ErrorBudget budget{3, 0};
    EXPECT_TRUE(budget.error());
    EXPECT_TRUE(budget.error());
    EXPECT_FALSE(budget.error());
    for (int i = 0; i < 1000; ++i) EXPECT_TRUE(budget.auth_error());
}

}  // namespace
}  // namespace postrider::net
