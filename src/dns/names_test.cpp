#include "dns/names.h"

#include <gtest/gtest.h>

#include "dns/answer_cache.h"
#include "dns/resolv_conf.h"

namespace postrider::dns {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

TEST(Names, HaveOneSpelling) {
    EXPECT_EQ(canonical_name("Mail.EXAMPLE.org."), "mail.example.org");
    EXPECT_EQ(canonical_name("_25._tcp.mail.example.org"), "_25._tcp.mail.example.org");
    EXPECT_EQ(canonical_name("."), "");
    EXPECT_EQ(canonical_name(""), "");
    EXPECT_EQ(canonical_name(std::string(63, 'a')), std::string(63, 'a'));
}

TEST(Names, OtherTextsAreNoNames) {
    for (const std::string& text :
         {std::string{".."}, std::string{"a..b"}, std::string{".a"}, std::string{"a b"}, std::string{"a\\.b"},
          std::string{"b\xc3\xbc"}, std::string(64, 'a'), std::string{"a\0b", 3}})
        EXPECT_FALSE(canonical_name(text)) << text;
    std::string longest;
    while (longest.size() < 252) longest += "a.";
    EXPECT_TRUE(canonical_name(longest + "a")) << "253 octets";
    EXPECT_FALSE(canonical_name(longest + "aa"));
}

TEST(Names, OfAddressesStandBackwards) {
    EXPECT_EQ(reverse_name("192.0.2.1"), "1.2.0.192.in-addr.arpa");
    EXPECT_EQ(reverse_name("2001:db8::567:89ab"),  // RFC 3596 §2.5 has one like it
              "b.a.9.8.7.6.5.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6.arpa");
    EXPECT_FALSE(reverse_name("example.org"));
}

TEST(ResolvConf, ThreeServersAreTaken) {
    EXPECT_EQ(parse_resolv_conf("# nameserver 192.0.2.9\nsearch example.org\nnameserver 192.0.2.1\n"
                                "  nameserver\t2001:db8::1 # ours\nnameserver nonsense\nnameserver192.0.2.8\n"
                                "nameserver fe80::1%eth0\r\nnameserver 192.0.2.4"),
              (std::vector<std::string>{"192.0.2.1", "2001:db8::1", "fe80::1%eth0"}));
    EXPECT_TRUE(parse_resolv_conf("").empty());
    EXPECT_TRUE(read_resolv_conf("/nonexistent").empty());
}

Answer one_record(std::chrono::seconds ttl, std::string record = "x") {
    Answer answer;
    answer.outcome = Outcome::found;
    answer.records = {std::move(record)};
    answer.ttl = ttl;
    return answer;
}

TEST(AnswerCache, KeepsAnswersForTheirTimeToLive) {
    AnswerCache cache{10};
    const auto now = steady_clock::now();
    cache.put(Type::mx, "a", one_record(60s), now);
    auto found = cache.find(Type::mx, "a", now + 20s);
    ASSERT_TRUE(found);
    EXPECT_EQ(found->ttl, 40s);
    EXPECT_FALSE(cache.find(Type::a, "a", now)) << "another type";
    EXPECT_FALSE(cache.find(Type::mx, "a", now + 60s));
    EXPECT_EQ(cache.size(), 0u);
}

TEST(AnswerCache, DoesNotKeepFailures) {
    AnswerCache cache{10};
    const auto now = steady_clock::now();
    Answer failed;
    failed.ttl = 60s;
    cache.put(Type::mx, "a", failed, now);
    failed.outcome = Outcome::bogus;
    cache.put(Type::mx, "a", failed, now);
    cache.put(Type::mx, "b", one_record(0s), now);
    EXPECT_EQ(cache.size(), 0u);
}

TEST(AnswerCache, WhatWasUsedLongestAgoGoesFirst) {
    AnswerCache cache{2};
    const auto now = steady_clock::now();
    cache.put(Type::mx, "a", one_record(60s), now);
    cache.put(Type::mx, "b", one_record(60s), now);
    EXPECT_TRUE(cache.find(Type::mx, "a", now));
    cache.put(Type::mx, "c", one_record(60s), now);
    EXPECT_TRUE(cache.find(Type::mx, "a", now));
    EXPECT_FALSE(cache.find(Type::mx, "b", now));
    cache.put(Type::txt, "b", one_record(60s), now);
    EXPECT_EQ(cache.size(), 3u) << "each type has its own room";
    cache.resize(1);
    EXPECT_EQ(cache.size(), 2u);
    cache.clear();
    EXPECT_EQ(cache.size(), 0u);
}

TEST(AnswerCache, IsBoundedInOctetsToo) {
    AnswerCache cache{1000};
    const auto now = steady_clock::now();
    for (int i = 0; i < 200; ++i)
        cache.put(Type::txt, std::to_string(i), one_record(60s, std::string(60'000, 'x')), now);
    EXPECT_LT(cache.size(), 40u);
    EXPECT_GT(cache.size(), 10u);
    EXPECT_TRUE(cache.find(Type::txt, "199", now));
}

}  // namespace
}  // namespace postrider::dns
