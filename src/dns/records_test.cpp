#include "dns/records.h"

#include <gtest/gtest.h>

#include "dns/rdata.h"
#include "dns/types.h"

namespace postrider::dns {
namespace {

using namespace std::string_literals;

TEST(Records, AddressesHaveFourOrSixteenOctets) {
    EXPECT_EQ(parse_address("\xc0\x00\x02\x01"s), "192.0.2.1");
    EXPECT_EQ(parse_address(address_rdata("2001:db8::1")), "2001:db8::1");
    EXPECT_FALSE(parse_address(""));
    EXPECT_FALSE(parse_address("\x01\x02\x03"s));
    EXPECT_FALSE(parse_address("\x01\x02\x03\x04\x05"s));
}

TEST(Records, NamesComeOutInLowerCaseWithoutTheLastDot) {
    EXPECT_EQ(parse_name("\4MAIL\7Example\3org\0"s), "mail.example.org");
    EXPECT_EQ(parse_name("\0"s), "");
    EXPECT_EQ(parse_name("\x0b_25._tcp.ok"s), std::nullopt) << "a dot inside a label";
    EXPECT_EQ(parse_name("\3_25\4_tcp\0"s), "_25._tcp");
}

TEST(Records, NamesThatAreNotNamesAreNothing) {
    EXPECT_FALSE(parse_name(""));
    EXPECT_FALSE(parse_name("\4mai"s)) << "cut short";
    EXPECT_FALSE(parse_name("\4mail"s)) << "without an end";
    EXPECT_FALSE(parse_name("\4mail\0x"s)) << "with something behind it";
    EXPECT_FALSE(parse_name("\xc0\x0c"s)) << "a compression pointer: RDATA are uncompressed";
    EXPECT_FALSE(parse_name("\4ma\0l\0"s)) << "a NUL";
    EXPECT_FALSE(parse_name("\4ma l\0"s)) << "a space";
    EXPECT_FALSE(parse_name("\4ma\\l\0"s)) << "a backslash";
    EXPECT_FALSE(parse_name("\2\xc3\xa4\0"s)) << "UTF-8";
}

TEST(Records, ANameHasAtMost255Octets) {
    const std::string label = "\x3f" + std::string(63, 'a');
    EXPECT_TRUE(parse_name(label + label + label + "\x3d" + std::string(61, 'a') + "\0"s)) << "255 octets";
    EXPECT_FALSE(parse_name(label + label + label + "\x3e" + std::string(62, 'a') + "\0"s)) << "256 octets";
}

TEST(Records, AnMxHasAPreferenceAndAName) {
    auto mx = parse_mx("\0\x0a\4mail\7example\3org\0"s);
    ASSERT_TRUE(mx);
    EXPECT_EQ(mx->preference, 10);
    EXPECT_EQ(mx->exchange, "mail.example.org");
    EXPECT_EQ(parse_mx("\0\0\0"s)->exchange, "") << "the null MX of RFC 7505 §3";
    EXPECT_FALSE(parse_mx("\0\x0a"s));
    EXPECT_FALSE(parse_mx("\0"s));
}

TEST(Records, StringsOfATxtAreOnePiece) {
    EXPECT_EQ(parse_txt("\5v=spf\3"
                        "1 a"s),
              "v=spf1 a");
    EXPECT_EQ(parse_txt("\0"s), "");
    EXPECT_FALSE(parse_txt(""));
    EXPECT_FALSE(parse_txt("\5v=sp"s));
    EXPECT_EQ(parse_txt(txt_rdata(std::string(700, 'x'))), std::string(700, 'x'));
}

TEST(Records, AnSrvHasFourFields) {
    auto srv = parse_srv(srv_rdata({1, 2, 993, "imap.example.org"}));
    ASSERT_TRUE(srv);
    EXPECT_EQ(srv->priority, 1);
    EXPECT_EQ(srv->weight, 2);
    EXPECT_EQ(srv->port, 993);
    EXPECT_EQ(srv->target, "imap.example.org");
    EXPECT_FALSE(parse_srv("\0\1\0\2\3"s));
}

TEST(Records, ATlsaHasThreeNumbersAndData) {
    auto tlsa = parse_tlsa("\3\1\1\xab\xcd"s);
    ASSERT_TRUE(tlsa);
    EXPECT_EQ(tlsa->usage, 3);
    EXPECT_EQ(tlsa->selector, 1);
    EXPECT_EQ(tlsa->matching, 1);
    EXPECT_EQ(tlsa->data, "\xab\xcd");
    EXPECT_FALSE(parse_tlsa("\3\1"s));
}

TEST(Records, ArePresentedAsAZoneFileHasThem) {
    EXPECT_EQ(present(Type::mx, mx_rdata(10, "mail.example.org")), "10 mail.example.org.");
    EXPECT_EQ(present(Type::txt, txt_rdata("a \"b\" \\ \x07")), R"("a \"b\" \\ \007")");
    EXPECT_EQ(present(Type::tlsa, "\3\1\1\xab\xcd"s), "3 1 1 abcd");
    EXPECT_EQ(present(Type::a, "\1\2"s), "\\# 2 0102");
    EXPECT_EQ(type_of("tlsa"), Type::tlsa);
    EXPECT_EQ(type_of("AXFR"), std::nullopt);
}

}  // namespace
}  // namespace postrider::dns
