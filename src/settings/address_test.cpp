#include "settings/address.h"

#include <gtest/gtest.h>

namespace postrider::settings {
namespace {

TEST(Address, ReadsIpAndPort) {
    for (std::string_view text : {"127.0.0.1:25", "0.0.0.0:0", "[::1]:65535", "[2001:db8::1]:143"}) {
        auto address = parse_ip_port(text);
        ASSERT_TRUE(address) << text;
        EXPECT_EQ(to_string(*address), text);
    }
    for (std::string_view text :
         {"", "25", ":25", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:+1", "::1:25",
          "[127.0.0.1]:25", "localhost:25", "1.2.3:4", "127.0.0.1:25 "}) {
        EXPECT_FALSE(parse_ip_port(text)) << text;
    }
    EXPECT_FALSE(parse_ip(std::string_view{"1.2.3.4\0", 8}));
}

TEST(Address, ReadsEverySpellingOfASet) {
    struct Case {
        std::string_view set, first, last;
    };
    constexpr Case cases[] = {
        {"10.0.0.1-10.0.0.20", "10.0.0.1", "10.0.0.20"},
        {"10.0.0.1/255.0.0.0", "10.0.0.0", "10.255.255.255"},
        {"10.0.0.1/8", "10.0.0.0", "10.255.255.255"},
        {"192.0.2.7", "192.0.2.7", "192.0.2.7"},
        {"0.0.0.0-254.255.255.255", "0.0.0.0", "254.255.255.255"},
        {"1.2.3.4/0", "0.0.0.0", "255.255.255.255"},
        {"1.2.3.4/0.0.0.0", "0.0.0.0", "255.255.255.255"},
        {"1.2.3.5/31", "1.2.3.4", "1.2.3.5"},
        {"2001:db8::1/32", "2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"},
        {"::1-::ff", "::1", "::ff"},
    };
    for (const Case& c : cases) {
        auto set = parse_ip_set(c.set);
        ASSERT_TRUE(set) << c.set;
        EXPECT_EQ(to_string(set->first), c.first) << c.set;
        EXPECT_EQ(to_string(set->last), c.last) << c.set;
        EXPECT_TRUE(set->has(set->first));
    }
    for (std::string_view text :
         {"", "10.0.0.2-10.0.0.1", "10.0.0.1-::1", "10.0.0.1/33", "10.0.0.1/255.0.255.0", "::1/129",
          "10.0.0.1/", "-", "10.0.0.1-", "a/8", "::1/255.0.0.0"}) {
        EXPECT_FALSE(parse_ip_set(text)) << text;
    }
}

TEST(Address, SetsOfOneFamilyDoNotHoldTheOther) {
    EXPECT_FALSE(parse_ip_set("::/0")->has(*parse_ip("10.0.0.1")));
    EXPECT_FALSE(parse_ip_set("0.0.0.0/0")->has(*parse_ip("2001:db8::1")));
    // The last addresses of ::/80 have the octets of IPv4.
    EXPECT_EQ(to_string(parse_ip_set("::/80")->last), "::fffe:ffff:ffff");
    EXPECT_TRUE(parse_ip_set("::/80")->has(*parse_ip("::fffe:1:2")));
    EXPECT_FALSE(parse_ip_set("::/80")->has(*parse_ip("10.0.0.1")));
    EXPECT_TRUE(parse_ip_set("10.0.0.0/8")->has(*parse_ip("::ffff:10.1.2.3")));
}

}  // namespace
}  // namespace postrider::settings
