#include "mime/address.h"

#include <gtest/gtest.h>

#include "mime/address_list.h"

using namespace postrider::mime;

namespace {

/// name|local|domain;... with {group: ...} around groups
std::string read(std::string_view value) {
    using Item = AddressReader::Item;
    std::string out;
    AddressReader reader{value};
    for (Item item = reader.next(); item != Item::end; item = reader.next()) {
        if (item == Item::group_begin) out += "{" + reader.name + ": ";
        if (item == Item::group_end) out += "}";
        if (item == Item::mailbox) {
            if (!reader.route.empty()) out += reader.route + ":";
            out += reader.name + "|" + reader.local + "|" + reader.domain + ";";
        }
    }
    return out;
}

}  // namespace

TEST(AddressList, ReadsTheExamplesOfRfc5322) {
    EXPECT_EQ(read("John Doe <jdoe@machine.example>"), "John Doe|jdoe|machine.example;");
    EXPECT_EQ(read(R"("Joe Q. Public" <john.q.public@example.com>)"),
              "Joe Q. Public|john.q.public|example.com;");
    EXPECT_EQ(read(R"(<boss@nil.test>, "Giant; \"Big\" Box" <sysservices@example.net>)"),
              R"(|boss|nil.test;Giant; "Big" Box|sysservices|example.net;)");
    EXPECT_EQ(read("A Group:Ed Jones <joe@where.test>,joe@where.test,John <jdoe@one.test>;"),
              "{A Group: Ed Jones|joe|where.test;|joe|where.test;John|jdoe|one.test;}");
    EXPECT_EQ(read("Undisclosed recipients:;"), "{Undisclosed recipients: }");
    // Appendix A.5: white space and comments
    EXPECT_EQ(read("Pete(A nice \\) chap) <pete(his account)@silly.test(his host)>"),
              "Pete|pete|silly.test;");
    EXPECT_EQ(
        read("A Group(Some people)\r\n     :Chris Jones <c@(Chris's host.)public.example>,\r\n"
             "         joe@example.org,\r\n  John <jdoe@one.test> (my dear friend); (the end of the group)"),
        "{A Group: Chris Jones|c|public.example;|joe|example.org;John|jdoe|one.test;}");
    EXPECT_EQ(read("(Empty list)(start)Hidden recipients  :(nobody(that I know))  ;"),
              "{Hidden recipients: }");
    // Appendix A.6.1: obsolete addressing
    EXPECT_EQ(read("Joe Q. Public <john.q.public@example.com>"), "Joe Q. Public|john.q.public|example.com;");
    EXPECT_EQ(read("Mary Smith <@node.test:mary@example.net>, , jdoe@test  . example"),
              "@node.test:Mary Smith|mary|example.net;|jdoe|test.example;");
    EXPECT_EQ(read("<@a.test,@b.test:c@d.test>"), "@a.test,@b.test:|c|d.test;");
    EXPECT_EQ(read("john . q . public @ example . com"), "|john.q.public|example.com;");
}

TEST(AddressList, EnduresWhatMailHas) {
    EXPECT_EQ(read("jdoe@one.test (John Doe)"), "John Doe|jdoe|one.test;");
    EXPECT_EQ(read("a@x.test; b@y.test"), "|a|x.test;|b|y.test;");
    EXPECT_EQ(read("nobody"), "|nobody|;");
    EXPECT_EQ(read("=?utf-8?Q?Doe,_John?= <j@x.test>"), "=?utf-8?Q?Doe,_John?=|j|x.test;");
    EXPECT_EQ(read("\"a b\"@x.test"), "|a b|x.test;");
    EXPECT_EQ(read("user@[192.0.2.1]"), "|user|[192.0.2.1];");
    EXPECT_EQ(read("\xc3\xa4@\xc3\xb6.test"), "|\xc3\xa4|\xc3\xb6.test;");
    EXPECT_EQ(read(""), "");
    EXPECT_EQ(read(" , ,, "), "");
    EXPECT_EQ(read("John <j@x.test"), "John|j|x.test;");
    EXPECT_EQ(read("\"open <j@x.test>"), "|open <j@x.test>|;");
    EXPECT_EQ(read("((((open"), "");
    EXPECT_EQ(read("<>"), "");
    EXPECT_EQ(read("John <>"), "John||;");
    EXPECT_EQ(read("John Doe j@x.test"), "John Doe|j|x.test;");
    EXPECT_EQ(read("a@b.test c@d.test"), "|a|b.test;|c|d.test;");
    EXPECT_EQ(read("g: a@b.test"), "{g: |a|b.test;}");
}

TEST(AddressList, ForPeopleIsInUtf8) {
    auto list = parse_address_list("=?ISO-8859-1?Q?Andr=E9?= Pirard <PIRARD@vm1.test>, g: x@y.test;");
    ASSERT_EQ(list.size(), 2u);
    EXPECT_EQ(list[0].name, "Andr\u00e9 Pirard");
    EXPECT_EQ(list[0].domain, "vm1.test");
    EXPECT_EQ(list[1].group, "g");
    EXPECT_EQ(parse_address_list("a@b, c@d, e@f", 2).size(), 2u);
}

TEST(AddrSpec, IsReadAndWritten) {
    auto plain = parse_addr_spec("Alice@Example.ORG");
    ASSERT_TRUE(plain);
    EXPECT_EQ(plain->local, "Alice");
    EXPECT_EQ(plain->domain, "example.org");
    EXPECT_EQ(plain->text(), "Alice@example.org");
    auto quoted = parse_addr_spec(R"("a \"b\"@c"@x.test)");
    ASSERT_TRUE(quoted);
    EXPECT_EQ(quoted->local, "a \"b\"@c");
    EXPECT_EQ(quoted->text(), R"("a \"b\"@c"@x.test)");
    EXPECT_EQ(parse_addr_spec("\"plain\"@x.test")->text(), "plain@x.test");
    EXPECT_EQ(parse_addr_spec("u@[192.0.2.1]")->domain, "[192.0.2.1]");
    EXPECT_EQ(parse_addr_spec("u@[IPv6:2001:db8::1]")->domain, "[ipv6:2001:db8::1]");
    EXPECT_EQ(parse_addr_spec("\u00e4@XN--BCHER-KVA.example")->text(), "\u00e4@b\u00fccher.example");
    EXPECT_EQ(parse_addr_spec("u@x.test.")->domain, "x.test");
    EXPECT_EQ(AddrSpec{}.text(), "");
}

TEST(AddrSpec, RefusesWhatIsNone) {
    for (const char* text : {"",         "@",    "a",       "a@",          "@b",    "a b@c",  "a..b@c",
                             ".a@b",     "a.@b", "a@b..c",  "a@-.b c",     "a@b@c", "\"a@b",  "\"\"@b",
                             "\"a\"b@c", "a@[]", "a@[1 2]", "a@b\r\nRCPT", "<a@b>", "\xff@b", "a@b_c d"})
        EXPECT_FALSE(parse_addr_spec(text)) << text;
    EXPECT_TRUE(parse_addr_spec(std::string(64, 'a') + "@b.test"));
    EXPECT_FALSE(parse_addr_spec(std::string(65, 'a') + "@b.test"));
    EXPECT_FALSE(parse_addr_spec("a@" + std::string(64, 'b') + ".test"));
    std::string domain;
    while (domain.size() < 250) domain += "abcdefghi.";
    EXPECT_FALSE(parse_addr_spec("a@" + domain + "abcdefgh"));
}
