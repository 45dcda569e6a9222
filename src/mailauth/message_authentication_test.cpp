#include "mailauth/message_authentication.h"

#include <gtest/gtest.h>

#include "mailauth/auth_results.h"
#include "mailauth/test_mail.h"

namespace postrider::mailauth {
namespace {

class MessageChecks : public testing::Test {
protected:
    void SetUp() override {
        key_ = read_private_key(ed25519_seed).value();
        zone_.txt("example.com", "v=spf1 include:_spf.example.com -all");
        zone_.txt("_spf.example.com", "v=spf1 ip4:192.0.2.0/24 -all");
        zone_.txt("_dmarc.example.com", "v=DMARC1; p=reject; rua=mailto:d@example.com");
        zone_.txt("e._domainkey.example.com", ed25519_public);
        zone_.txt("default._bimi.example.com", "v=BIMI1; l=https://example.com/mark.svg; a=");
        zone_.add("1.2.0.192.in-addr.arpa", dns::Type::ptr, dns::name_rdata("mx.example.com"));
        zone_.add("mx.example.com", dns::Type::a, dns::address_rdata("192.0.2.1"));
        message_ =
            sign_dkim(letter_, {{.domain = "example.com", .selector = "e", .key = key_, .identity = ""}},
                      now_, crypto_)
            + letter_;
        input_.client = "192.0.2.1";
        input_.helo = "mx.example.com";
        input_.reverse_path = "anna@example.com";
        input_.message = message_;
        input_.host = "mail.example.org";
        input_.now = now_;
        input_.checks.bimi = true;
    }
    MessageAuthentication check(unsigned* rounds = nullptr) const {
        return zone_.settle<MessageAuthentication>(
            [&](const Answers& answers) { return check_message(input_, crypto_, answers); }, rounds);
    }
    Crypto crypto_;
    Time now_ = at_time(1700000000);
    std::shared_ptr<const PrivateKey> key_;
    std::string letter_ =
        "From: Anna <anna@example.com>\r\nTo: b@example.org\r\nSubject: hello\r\nDate: Tue, 14 Nov 2023 "
        "22:13:20 +0000\r\n"
        "Message-ID: <1@example.com>\r\n\r\nHi.\r\n";
    std::string message_;
    Zone zone_;
    MessageInput input_;
};

TEST_F(MessageChecks, AllPassInTwoRoundsOfQuestions) {
    unsigned rounds = 0;
    const MessageAuthentication result = check(&rounds);
    EXPECT_EQ(rounds, 2u);
    const std::string begin = result.dkim.at(0).signature_begin;
    const std::string b = begin.find_first_of("/=") == std::string::npos ? begin : '"' + begin + '"';
    EXPECT_EQ(headers(result),
              "Authentication-Results: mail.example.org;\r\n"
              "\tiprev=pass (mx.example.com) policy.iprev=192.0.2.1;\r\n"
              "\tspf=pass smtp.mailfrom=anna@example.com;\r\n"
              "\tdkim=pass (256-bit key) header.d=example.com header.s=e header.a=ed25519-sha256 header.b=" + b + ";\r\n"
              "\tdmarc=pass (p=reject) header.from=example.com;\r\n"
              "\tarc=none smtp.remote-ip=192.0.2.1;\r\n"
              "\tbimi=pass header.d=example.com header.selector=default policy.authority=none\r\n"
              "Received-SPF: pass (mail.example.org: domain of example.com designates 192.0.2.1 as permitted sender)\r\n"
              "\tclient-ip=192.0.2.1; envelope-from=\"anna@example.com\";\r\n"
              "\thelo=mx.example.com; receiver=mail.example.org; identity=mailfrom;\r\n"
              "\tmechanism=\"include:_spf.example.com\"\r\n"
              "X-AXIGEN-SPF-Result: Ok\r\n"
              "X-AXIGEN-DKIM-Result: Ok\r\n"
              "DKIM-Status: good\r\n");
    EXPECT_EQ(result.bimi.location, "https://example.com/mark.svg");
    EXPECT_TRUE(parse_auth_results(results_text(result)));
}

TEST_F(MessageChecks, AForgedMessageFails) {
    input_.client = "198.51.100.9";
    message_.replace(message_.find("Hi."), 3, "Ho.");
    input_.message = message_;
    input_.checks.domainkeys = true;
    const MessageAuthentication result = check();
    EXPECT_EQ(result.spf.outcome, SpfOutcome::fail);
    EXPECT_EQ(dkim_outcome(result.dkim), DkimOutcome::fail);
    EXPECT_EQ(result.dmarc.outcome, DmarcOutcome::fail);
    EXPECT_EQ(result.dmarc.requested, DmarcPolicy::reject);
    EXPECT_EQ(result.bimi.outcome, BimiOutcome::skipped);
    const std::string text = headers(result);
    EXPECT_NE(text.find("dmarc=fail (p=reject) policy.dmarc=reject header.from=example.com"),
              std::string::npos)
        << text;
    EXPECT_NE(text.find("X-AXIGEN-SPF-Result: Fail\r\nX-AXIGEN-DK-Result: No records\r\nDomainKey-Status: no "
                        "signature\r\n"
                        "X-AXIGEN-DKIM-Result: Fail\r\nDKIM-Status: bad\r\n"),
              std::string::npos)
        << text;
}

TEST_F(MessageChecks, AMessageWithoutAnythingIsChecked) {
    input_ = {};
    input_.host = "mail.example.org";
    const MessageAuthentication result = check();
    EXPECT_EQ(result.spf.outcome, SpfOutcome::none);
    EXPECT_EQ(result.dmarc.outcome, DmarcOutcome::permerror);
    EXPECT_TRUE(parse_auth_results(results_text(result))) << results_text(result);
}

TEST_F(MessageChecks, NoHeaderCanBeInjectedByTheClient) {
    input_.helo = "x;\r\nEvil: 1\r\n";
    input_.reverse_path = "\"a\r\nEvil: 2\"@example.com";
    const std::string text = headers(check());
    EXPECT_EQ(text.find("\nEvil"), std::string::npos) << text;
}

TEST_F(MessageChecks, WhatOnlyWeMayWriteIsTakenOut) {
    const std::string forged =
        "Authentication-Results: MAIL.example.org;\r\n\tspf=pass\r\nAuthentication-Results: other.example; "
        "none\r\n"
        "DKIM-Status: good\r\nSubject: x\r\nX-AXIGEN-SPF-Result: Ok\r\nAuthentication-Results: "
        ";\r\n\r\nDKIM-Status: body\r\n";
    EXPECT_EQ(forged_fields(forged, "mail.example.org").size(), 4u);
    EXPECT_EQ(without_forged_fields(forged, "mail.example.org"),
              "Authentication-Results: other.example; none\r\nSubject: x\r\n\r\nDKIM-Status: body\r\n");
}

TEST(Iprev, PassesOnlyWhereTheNameLeadsBack) {
    Zone zone;
    zone.add("1.2.0.192.in-addr.arpa", dns::Type::ptr, dns::name_rdata("a.example"));
    zone.add("1.2.0.192.in-addr.arpa", dns::Type::ptr, dns::name_rdata("b.example"));
    zone.add("b.example", dns::Type::a, dns::address_rdata("192.0.2.1"));
    zone.add("2.2.0.192.in-addr.arpa", dns::Type::ptr, dns::name_rdata("b.example"));
    zone.fail("3.2.0.192.in-addr.arpa", dns::Type::ptr);
    auto check = [&](std::string_view ip) {
        return zone.settle<IprevResult>([&](const Answers& answers) { return check_iprev(ip, answers); });
    };
    EXPECT_EQ(check("192.0.2.1"), (IprevResult{IprevOutcome::pass, "b.example"}));
    EXPECT_EQ(check("192.0.2.2"), (IprevResult{IprevOutcome::fail, "b.example"}));
    EXPECT_EQ(check("192.0.2.3").outcome, IprevOutcome::temperror);
    EXPECT_EQ(check("192.0.2.4").outcome, IprevOutcome::permerror);
}

TEST(AuthResultsText, ReadsTheExamplesOfRfc8601) {
    auto read = [](std::string_view text) { return parse_auth_results(text).value(); };
    EXPECT_EQ(read(" example.org 1; none"), (AuthResults{"example.org", 1, {}}));     // B.2
    EXPECT_EQ(read(" example.com;\r\n  spf=pass smtp.mailfrom=example.net").results,  // B.3
              (std::vector<AuthResult>{{"spf", "pass", "", "", {{"smtp", "mailfrom", "example.net"}}}}));
    const AuthResults many = read(  // B.4
        " example.com;\r\n auth=pass (cram-md5) smtp.auth=sender@example.net;\r\n spf=pass "
        "smtp.mailfrom=example.net");
    EXPECT_EQ(many.results.at(0).comment, "cram-md5");
    EXPECT_EQ(many.results.at(0).properties.at(0).value, "sender@example.net");
    const AuthResults signed_twice = read(  // B.6
        "example.com;\r\n      dkim=pass reason=\"good signature\"\r\n        "
        "header.i=@mail-router.example.net;\r\n"
        "      dkim=fail reason=\"bad signature\"\r\n        header.i=@newyork.example.com");
    EXPECT_EQ(signed_twice.results.at(1).reason, "bad signature");
    const AuthResults commented = read(  // B.7
        "foo.example.net (foobar) 1 (baz);\r\n    dkim (Because I like it) / 1 (One yay) = (wait for it) "
        "fail\r\n"
        "      policy (A dot can go here) . (like that) expired\r\n      (this surprised me) = (as I wasn't "
        "expecting it) 1362471462");
    EXPECT_EQ(commented.results.at(0),
              (AuthResult{"dkim", "fail", "", "", {{"policy", "expired", "1362471462"}}}));
    for (std::string_view wrong :
         {"", ";", "a; spf", "a; spf=", "a; spf=pass smtp", "a; spf=pass smtp.x", "a b", "\x07; spf=pass"})
        EXPECT_FALSE(parse_auth_results(wrong)) << wrong;
}

/// Found by auth_results_fuzz.
TEST(AuthResultsText, AHostOfBlanksIsNone) {
    for (std::string_view value : {"\t\"\t\t\t", "\" \"; none", "\"\"; none"})
        EXPECT_FALSE(parse_auth_results(value)) << value;
}

TEST(AuthResultsText, WhatIsWrittenIsReadAgain) {
    AuthResults all{"mail.example.org",
                    1,
                    {{"spf", "fail", "be\"cause;", "a (b) \\c", {{"smtp", "mailfrom", "a b@x;y"}}}}};
    const std::string text = auth_results_text(all);
    auto again = parse_auth_results(text);
    ASSERT_TRUE(again) << text;
    EXPECT_EQ(again->results[0].reason, "be\"cause;");
    EXPECT_EQ(again->results[0].properties, all.results[0].properties);
}

}  // namespace
}  // namespace postrider::mailauth
