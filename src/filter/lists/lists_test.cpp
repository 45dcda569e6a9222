#include <random>

#include "filter/lists/address_lists.h"
#include "filter/test_store.h"

namespace postrider::filter {
namespace {

TEST(IpRanges, FindWhatLiesInThemAndNothingElse) {
    auto ranges =
        IpRanges::compile({"10.0.0.0/8", "192.0.2.1", "10.5.0.0-10.6.0.0", "2001:db8::/32", "11.0.0.0/8"});
    ASSERT_TRUE(ranges);
    EXPECT_EQ(ranges->size(), 3U) << "overlapping and neighbouring ones are joined";
    EXPECT_TRUE(ranges->has("10.255.255.255"));
    EXPECT_TRUE(ranges->has("11.0.0.0"));
    EXPECT_TRUE(ranges->has("192.0.2.1"));
    EXPECT_FALSE(ranges->has("192.0.2.2"));
    EXPECT_FALSE(ranges->has("9.255.255.255"));
    EXPECT_TRUE(ranges->has("2001:db8:ffff::1"));
    EXPECT_FALSE(ranges->has("2001:db9::"));
    EXPECT_FALSE(ranges->has("no address"));
    EXPECT_FALSE(IpRanges::compile({"10.0.0.0/33"}));
}

TEST(IpRanges, AgreeWithLookingAtEachRange) {
    std::mt19937 random{7};
    for (int round = 0; round < 200; ++round) {
        std::vector<settings::IpSet> sets;
        for (int i = 0; i < 8; ++i) {
            settings::IpSet set{ip("10.0.0.0"), ip("10.0.0.0")};
            set.first.octets[15] = static_cast<std::uint8_t>(random() % 60);
            set.last.octets[15] = static_cast<std::uint8_t>(set.first.octets[15] + random() % 6);
            sets.push_back(set);
        }
        const IpRanges ranges = IpRanges::of(sets);
        for (unsigned last = 0; last < 70; ++last) {
            settings::Ip one = ip("10.0.0.0");
            one.octets[15] = static_cast<std::uint8_t>(last);
            EXPECT_EQ(ranges.has(one),
                      std::ranges::any_of(sets, [&](const auto& set) { return set.has(one); }));
        }
    }
}

TEST(IpRanges, ANetworkIsItsFirstBits) {
    EXPECT_EQ(settings::to_string(network_of(ip("192.0.2.77"), 24, 64)), "192.0.2.0");
    EXPECT_EQ(settings::to_string(network_of(ip("192.0.2.77"), 20, 64)), "192.0.0.0");
    EXPECT_EQ(settings::to_string(network_of(ip("192.0.2.77"), 32, 64)), "192.0.2.77");
    EXPECT_EQ(settings::to_string(network_of(ip("2001:db8:1:2:3::4"), 24, 64)), "2001:db8:1:2::");
    EXPECT_EQ(network_text(network_of(ip("2001:db8:1:2:3::4"), 24, 64), 24, 64), "2001:db8:1:2::/64");
    EXPECT_EQ(network_text(ip("192.0.2.1"), 32, 64), "192.0.2.1");
}

TEST(AddressPattern, HasOneSpelling) {
    EXPECT_EQ(canonical_pattern(" Bob@Example.ORG "), "bob@example.org");
    EXPECT_EQ(canonical_pattern("<bob@example.org>"), "bob@example.org");
    EXPECT_EQ(canonical_pattern("@example.org"), "example.org");
    EXPECT_EQ(canonical_pattern("*@example.org"), "example.org");
    EXPECT_EQ(canonical_pattern("*@xn--bcher-kva.example"), "bücher.example");
    EXPECT_EQ(canonical_pattern("*.Example.org"), "*.example.org");
    EXPECT_EQ(canonical_pattern("192.0.2.0/24"), "192.0.2.0/24");
    for (std::string_view bad : {"", " ", "a b@example.org", "a@", "a@b@", "<>", "@", "a@b\r\nX: y"})
        EXPECT_EQ(canonical_pattern(bad), "") << bad;
    EXPECT_EQ(canonical_pattern(std::string(400, 'a') + "@example.org"), "");
    EXPECT_EQ(canonical_pattern("@/example.org"), "");  // "/example.org" is none either
}

TEST(AddressPatterns, MatchAddressesDomainsAndWildcards) {
    std::vector<std::string> lines;
    for (auto text : {"ann@example.org", "example.net", "*.example.com", "news*@list.example",
                      "spam?@x.example", "*@bad*.example", "192.0.2.0/24"})
        lines.push_back(canonical_pattern(text));
    const AddressPatterns patterns{lines};
    for (auto yes : {"ann@example.org", "ANN@example.org", "x@example.net", "x@a.example.com",
                     "x@a.b.example.com", "newsletter@list.example", "spam1@x.example", "who@badly.example"})
        EXPECT_TRUE(patterns.has(address(yes))) << yes;
    for (auto no : {"bob@example.org", "x@sub.example.net", "x@example.com", "x@list.example",
                    "spam12@x.example", "x@notexample.com"})
        EXPECT_FALSE(patterns.has(address(no))) << no;
    EXPECT_TRUE(patterns.has_ip(ip("192.0.2.9")));
    EXPECT_FALSE(patterns.has({}));
}

class Lists : public ::testing::Test, public TestStore {
protected:
    AddressLists lists{*kv};
    const ListOwner bob = ListOwner::account(AccountId{7});
    ListVerdict judge(ListOwner owner, std::vector<std::string_view> from) {
        std::vector<mime::AddrSpec> all;
        for (auto one : from) all.push_back(address(one));
        return lists.judge(owner, all).value();
    }
};

TEST_F(Lists, AreKeptByOwnerAndColour) {
    EXPECT_TRUE(*lists.add(bob, ListColour::black, "Bad@Example.org"));
    EXPECT_FALSE(*lists.add(bob, ListColour::black, "bad@example.org")) << "it is there already";
    EXPECT_TRUE(*lists.add(bob, ListColour::white, "*@friends.example"));
    EXPECT_TRUE(*lists.add(ListOwner::domain(DomainId{7}), ListColour::black, "other.example"));
    EXPECT_EQ(*lists.list(bob, ListColour::black), std::vector<std::string>{"bad@example.org"});
    EXPECT_EQ(judge(bob, {"bad@example.org"}), ListVerdict::black);
    EXPECT_EQ(judge(bob, {"x@friends.example"}), ListVerdict::white);
    EXPECT_EQ(judge(bob, {"x@other.example"}), ListVerdict::none) << "a domain's list is not an account's";
    EXPECT_EQ(judge(ListOwner::server(), {"bad@example.org"}), ListVerdict::none);

    open();
    AddressLists again{*kv};
    EXPECT_EQ(again.judge(bob, {address("bad@example.org")}).value(), ListVerdict::black);
    EXPECT_TRUE(*again.remove(bob, ListColour::black, "BAD@example.org"));
    EXPECT_FALSE(*again.remove(bob, ListColour::black, "bad@example.org"));
    EXPECT_EQ(again.judge(bob, {address("bad@example.org")}).value(), ListVerdict::none);
    EXPECT_TRUE(again.reset(bob, ListColour::white));
    EXPECT_EQ(again.judge(bob, {address("x@friends.example")}).value(), ListVerdict::none);
    EXPECT_EQ(again.list(ListOwner::domain(DomainId{7}), ListColour::black)->size(), 1U);
}

TEST_F(Lists, AFriendsAddressBesideAStrangersOpensNoDoor) {
    ASSERT_TRUE(lists.add(bob, ListColour::white, "friend@example.org"));
    ASSERT_TRUE(lists.add(bob, ListColour::black, "bad.example"));
    EXPECT_EQ(judge(bob, {"friend@example.org", "x@elsewhere.example"}), ListVerdict::none);
    EXPECT_EQ(judge(bob, {"friend@example.org", "x@bad.example"}), ListVerdict::black);
    EXPECT_EQ(judge(bob, {"friend@example.org"}), ListVerdict::white);
    EXPECT_EQ(judge(bob, {}), ListVerdict::none);
}

TEST_F(Lists, WhiteCountsMoreThanBlack) {
    ASSERT_TRUE(lists.add(bob, ListColour::black, "example.org"));
    ASSERT_TRUE(lists.add(bob, ListColour::white, "ann@example.org"));
    EXPECT_EQ(judge(bob, {"ann@example.org"}), ListVerdict::white);
    EXPECT_EQ(judge(bob, {"eve@example.org"}), ListVerdict::black);
}

TEST_F(Lists, RefuseWhatIsNoPatternAndMoreWildcardsThanTheyMayHave) {
    EXPECT_EQ(lists.add(bob, ListColour::black, "no pattern").error().kind, ListError::bad_pattern);
    kv::Batch batch;
    for (std::size_t i = 0; i < AddressLists::max_wildcards; ++i) {
        std::string key = "Ul";
        key += '\2';
        key += std::string(7, '\0') + '\7';
        key += '\1';
        batch.put(key + "a*b" + std::to_string(i) + "@example.org", "");
    }
    ASSERT_TRUE(kv->write(std::move(batch)));
    ASSERT_EQ(lists.list(bob, ListColour::black)->size(), AddressLists::max_wildcards);
    EXPECT_EQ(lists.add(bob, ListColour::black, "one*more@example.org").error().kind, ListError::full);
    EXPECT_TRUE(lists.add(bob, ListColour::black, "plain@example.org"));
}

TEST_F(Lists, AnAccountThatGoesTakesItsListsAlong) {
    ASSERT_TRUE(lists.add(bob, ListColour::black, "example.org"));
    ASSERT_TRUE(lists.add(ListOwner::account(AccountId{8}), ListColour::black, "example.org"));
    lists.forget(bob);
    EXPECT_EQ(judge(bob, {"x@example.org"}), ListVerdict::none);
    EXPECT_EQ(judge(ListOwner::account(AccountId{8}), {"x@example.org"}), ListVerdict::black);
}

TEST(FromAddresses, AreThoseOfAllFromFields) {
    auto all = from_addresses(
        "Subject: x\r\nFrom: \"A, B\" <ann@Example.org>, Bob <bob@example.net>\r\nFROM: "
        "eve@example.com\r\n\r\nFrom: no@body\r\n");
    ASSERT_EQ(all.size(), 3U);
    EXPECT_EQ(all[0].text(), "ann@example.org");
    EXPECT_EQ(all[2].text(), "eve@example.com");
}

}  // namespace
}  // namespace postrider::filter
