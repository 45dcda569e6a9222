#include "net/proxy_header.h"

#include <gtest/gtest.h>

#include "net/socket_address.h"

namespace postrider::net {
namespace {

using namespace std::string_literals;

TEST(ProxyHeader, Version1IsReadAsTheSpecificationsExamplesHaveIt) {
    const auto header =
        parse_proxy_header("PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\nGET / HTTP/1.1\r\n");
    ASSERT_TRUE(header);
    EXPECT_EQ(header->size, 47U);
    EXPECT_EQ(header->addresses->source, (Endpoint{"192.168.0.1", 56324}));
    EXPECT_EQ(header->addresses->destination, (Endpoint{"192.168.0.11", 443}));
    const auto longest = parse_proxy_header(
        "PROXY UNKNOWN ffff:f...f:ffff ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff ffff:f...f:ffff 65535 "
        "65535\r\n");
    ASSERT_TRUE(longest);
    EXPECT_FALSE(longest->addresses);
    EXPECT_TRUE(parse_proxy_header("PROXY UNKNOWN\r\n"));
    EXPECT_EQ(parse_proxy_header("PROXY TCP6 ::ffff:192.0.2.1 ::1 1 2\r\n")->addresses->source.ip,
              "192.0.2.1");
}

TEST(ProxyHeader, MalformedVersion1IsRefused) {
    for (const auto& text : {
             "PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\n"s,      // bare LF
             "PROXY TCP4 192.168.0.1 192.168.0.11 56324 65536\r\n"s,  // port
             "PROXY TCP4 192.168.0.1 192.168.0.11 056 443\r\n"s,      // leading zero
             "PROXY TCP4 192.168.0.1 192.168.0.11 56324\r\n"s,        // a word is missing
             "PROXY TCP4 192.168.0.1 192.168.0.11 1 2 3\r\n"s,        // one too many
             "PROXY TCP4  192.168.0.1 192.168.0.11 1 2\r\n"s,         // two spaces
             "PROXY TCP4 ::1 ::1 1 2\r\n"s,                           // family
             "PROXY TCP6 192.168.0.1 192.168.0.11 1 2\r\n"s,          // family
             "PROXY UDP4 192.168.0.1 192.168.0.11 1 2\r\n"s,          // protocol
             "PROXY TCP4 192.168.0.256 192.168.0.11 1 2\r\n"s,        // address
             "PROXY UNKNOWN"s + std::string(107, 'x') + "\r\n"s,      // longer than 107
             "PROXY \n"s,
         })
        EXPECT_EQ(parse_proxy_header(text).error(), ProxyError::malformed) << text;
    EXPECT_EQ(parse_proxy_header("EHLO x\r\n").error(), ProxyError::absent);
}

std::string v2(const std::string& fixed, const std::string& rest) {
    return "\r\n\r\n\0\r\nQUIT\n"s + fixed + static_cast<char>(rest.size() >> 8)
           + static_cast<char>(rest.size() & 0xff) + rest;
}

TEST(ProxyHeader, Version2CarriesAddressesAndExtensions) {
    const std::string addresses = "\xc0\0\2\1\xc6\x33\x64\2\x30\x39\0\x19"s;
    const auto header = parse_proxy_header(v2("\x21\x11", addresses + "\3\0\4abcd"s) + "rest");
    ASSERT_TRUE(header);
    EXPECT_EQ(header->addresses->source, (Endpoint{"192.0.2.1", 12345}));
    EXPECT_EQ(header->addresses->destination, (Endpoint{"198.51.100.2", 25}));
    EXPECT_EQ(header->size, 16U + 12 + 7);
    EXPECT_FALSE(parse_proxy_header(v2("\x20\x11", addresses))->addresses);              // LOCAL
    EXPECT_FALSE(parse_proxy_header(v2("\x21\0"s, ""))->addresses);                      // UNSPEC
    EXPECT_FALSE(parse_proxy_header(v2("\x21\x31", std::string(216, 'x')))->addresses);  // UNIX
    EXPECT_EQ(parse_proxy_header(v2("\x21\x11", "short")).error(), ProxyError::malformed);
    EXPECT_EQ(parse_proxy_header(v2("\x11\x11", addresses)).error(), ProxyError::malformed);
    EXPECT_EQ(parse_proxy_header(v2("\x22\x11", addresses)).error(), ProxyError::malformed);
    EXPECT_EQ(parse_proxy_header(v2("\x21\x11", std::string(2049, 'x'))).error(), ProxyError::malformed);
}

TEST(ProxyHeader, EveryPrefixAsksForMore) {
    const std::string addresses = "\xc0\0\2\1\xc6\x33\x64\2\x30\x39\0\x19"s;
    for (const std::string& whole :
         {"PROXY TCP4 192.168.0.1 192.168.0.11 56324 443\r\n"s, v2("\x21\x11", addresses)})
        for (std::size_t i = 0; i < whole.size(); ++i)
            EXPECT_EQ(parse_proxy_header(whole.substr(0, i)).error(), ProxyError::need_more) << i;
}

TEST(Endpoint, TextAndBack) {
    for (const std::string text : {"192.0.2.1:25", "[2001:db8::1]:65535", "[::]:0", "0.0.0.0:143"})
        EXPECT_EQ(parse_endpoint(text)->text(), text);
    for (const std::string text : {"192.0.2.1", "::1:25", "[192.0.2.1]:25", "192.0.2.1:65536",
                                   "192.0.2.1:", "host:25", "[]:25", "192.0.2.1:-1", "", ":25"})
        EXPECT_FALSE(parse_endpoint(text)) << text;
}

}  // namespace
}  // namespace postrider::net
