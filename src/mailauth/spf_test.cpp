#include "mailauth/spf.h"

#include <gtest/gtest.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include "dns/names.h"
#include "dns/rdata.h"
#include "mailauth/spf_record.h"
#include "mailauth/test_zone.h"
#include "text/ascii.h"

namespace postrider::mailauth {
namespace {

using nlohmann::json;

/// A scenario's zone (pyspf's format): a record of type SPF stands for TXT too, unless TXT is there.
Zone zone_of(const json& data) {
    Zone zone;
    for (const auto& [name, records] : data.items()) {
        bool has_txt = false;
        for (const json& record : records)
            has_txt = has_txt || (record.is_object() && record.contains("TXT"));
        bool timeout = false;
        for (const json& record : records) {
            if (record == "TIMEOUT") timeout = true;
            if (!record.is_object()) continue;
            const std::string type = record.begin().key();
            const json& value = record.begin().value();
            if (value == "TIMEOUT")
                zone.fail(name, dns::type_of(type == "SPF" ? "TXT" : type).value_or(dns::Type::txt));
            else if (type == "A" || type == "AAAA")
                zone.add(name, *dns::type_of(type), dns::address_rdata(value.get<std::string>()));
            else if (type == "MX")
                zone.add(name, dns::Type::mx,
                         dns::mx_rdata(static_cast<std::uint16_t>(std::stoi(value[0].get<std::string>())),
                                       value[1].get<std::string>()));
            else if (type == "PTR")
                zone.add(name, dns::Type::ptr, dns::name_rdata(value.get<std::string>()));
            else if (type == "CNAME")
                zone.alias(name, value.get<std::string>());
            else if (type == "TXT" || (type == "SPF" && !has_txt)) {
                if (value == "NONE") continue;
                std::string rdata;
                for (const json& part : value.is_array() ? value : json::array({value})) {
                    const auto text = part.get<std::string>();
                    rdata += dns::txt_rdata(text);
                }
                zone.add(name, dns::Type::txt, rdata);
            }
        }
        if (timeout) zone.fail_rest(name);
    }
    return zone;
}

TEST(Spf, PassesTheWholeOpenSpfSuite) {
    std::ifstream in{TESTDATA "/spf/rfc7208-tests.json"};
    std::size_t count = 0;
    for (const json& scenario : json::parse(in)) {
        const Zone zone = zone_of(scenario.at("zonedata"));
        for (const auto& [name, test] : scenario.at("tests").items()) {
            SpfRequest request;
            request.client = test.at("host");
            request.helo = test.at("helo");
            request.sender = test.at("mailfrom").is_null() ? "" : test.at("mailfrom").get<std::string>();
            request.host = "receiver.example";
            const SpfResult result =
                zone.settle<SpfResult>([&](const Answers& answers) { return check_spf(request, answers); });
            std::vector<std::string> accepted;
            const json& wanted = test.at("result");
            for (const json& one : wanted.is_array() ? wanted : json::array({wanted}))
                accepted.push_back(one);
            EXPECT_NE(std::find(accepted.begin(), accepted.end(), word(result.outcome)), accepted.end())
                << scenario.at("description") << ": " << name << " gave " << word(result.outcome) << " "
                << result.problem << ", not " << accepted[0];
            if (test.contains("explanation")) {
                const std::string explanation = test.at("explanation");
                EXPECT_EQ(result.explanation, explanation == "DEFAULT" ? "" : explanation) << name;
            }
            ++count;
        }
    }
    EXPECT_GE(count, 96u);
}

SpfResult check(const Zone& zone, SpfRequest request) {
    return zone.settle<SpfResult>([&](const Answers& answers) { return check_spf(request, answers); });
}

Zone with(std::string_view record) {
    Zone zone;
    zone.txt("example.com", record);
    return zone;
}

SpfRequest from(std::string client, std::string sender = "strong-bad@email.example.com") {
    return {.client = std::move(client),
            .helo = "mx.example.com",
            .sender = std::move(sender),
            .host = "receiver.example",
            .now = {}};
}

TEST(Spf, ExpandsTheExamplesOfRfc7208Section74) {
    struct Case {
        std::string_view macro, name;
    };
    const Case cases[] = {
        {"%{o}.x.org", "email.example.com.x.org"},
        {"%{d}.x.org", "email.example.com.x.org"},
        {"%{d4}.x.org", "email.example.com.x.org"},
        {"%{d2}.x.org", "example.com.x.org"},
        {"%{d1}.x.org", "com.x.org"},
        {"%{dr}.x.org", "com.example.email.x.org"},
        {"%{d2r}.x.org", "example.email.x.org"},
        {"%{l}.x.org", "strong-bad.x.org"},
        {"%{l-}.x.org", "strong.bad.x.org"},
        {"%{lr}.x.org", "strong-bad.x.org"},
        {"%{lr-}.x.org", "bad.strong.x.org"},
        {"%{l1r-}.x.org", "strong.x.org"},
        {"%{ir}.%{v}._spf.%{d2}", "3.2.0.192.in-addr._spf.example.com"},
        {"%{lr-}.lp._spf.%{d2}", "bad.strong.lp._spf.example.com"},
        {"%{lr-}.lp.%{ir}.%{v}._spf.%{d2}", "bad.strong.lp.3.2.0.192.in-addr._spf.example.com"},
        {"%{ir}.%{v}.%{l1r-}.lp._spf.%{d2}", "3.2.0.192.in-addr.strong.lp._spf.example.com"},
        {"%{d2}.trusted-domains.example.net", "example.com.trusted-domains.example.net"},
    };
    for (const Case& one : cases) {
        Zone zone;
        zone.txt("email.example.com", "v=spf1 exists:" + std::string{one.macro} + " -all");
        zone.add(one.name, dns::Type::a, dns::address_rdata("127.0.0.2"));
        EXPECT_EQ(check(zone, from("192.0.2.3")).outcome, SpfOutcome::pass) << one.macro;
    }
    Zone zone;
    zone.txt("email.example.com", "v=spf1 exists:%{ir}.%{v}._spf.%{d2} -all");
    zone.add("1.0.b.c.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.0.8.b.d.0.1.0.0.2.ip6._spf.example.com",
             dns::Type::a, dns::address_rdata("127.0.0.2"));
    EXPECT_EQ(check(zone, from("2001:db8::cb01")).outcome, SpfOutcome::pass);
}

TEST(Spf, StopsAfterTenLookups) {
    std::string record = "v=spf1";
    for (int i = 0; i < 10; ++i) record += " a:h" + std::to_string(i) + ".example.com";
    Zone zone = with(record + " -all");
    for (int i = 0; i < 11; ++i)
        zone.add("h" + std::to_string(i) + ".example.com", dns::Type::a, dns::address_rdata("192.0.2.200"));
    EXPECT_EQ(check(zone, from("192.0.2.1", "a@example.com")).outcome, SpfOutcome::fail);
    zone = with(record + " a:h10.example.com -all");
    for (int i = 0; i < 11; ++i)
        zone.add("h" + std::to_string(i) + ".example.com", dns::Type::a, dns::address_rdata("192.0.2.200"));
    EXPECT_EQ(check(zone, from("192.0.2.1", "a@example.com")).outcome, SpfOutcome::permerror);
}

TEST(Spf, StopsAfterTwoVoidLookups) {
    EXPECT_EQ(check(with("v=spf1 a:a.example.com a:b.example.com -all"), from("192.0.2.1", "a@example.com"))
                  .outcome,
              SpfOutcome::fail);
    EXPECT_EQ(check(with("v=spf1 a:a.example.com a:b.example.com a:c.example.com -all"),
                    from("192.0.2.1", "a@example.com"))
                  .outcome,
              SpfOutcome::permerror);
}

TEST(Spf, IncludesThatRunInACircleEnd) {
    EXPECT_EQ(check(with("v=spf1 include:example.com -all"), from("192.0.2.1", "a@example.com")).outcome,
              SpfOutcome::permerror);
    EXPECT_EQ(check(with("v=spf1 redirect=example.com"), from("192.0.2.1", "a@example.com")).outcome,
              SpfOutcome::permerror);
}

TEST(Spf, MoreThanTenMxHostsAreAnError) {
    Zone zone = with("v=spf1 mx -all");
    for (int i = 0; i < 11; ++i)
        zone.add("example.com", dns::Type::mx, dns::mx_rdata(10, "m" + std::to_string(i) + ".example.com"));
    EXPECT_EQ(check(zone, from("192.0.2.1", "a@example.com")).outcome, SpfOutcome::permerror);
}

TEST(Spf, AnIpv4ClientInIpv6ClothesIsAnIpv4Client) {
    EXPECT_EQ(check(with("v=spf1 ip4:192.0.2.0/24 -all"), from("::ffff:192.0.2.9", "a@example.com")).outcome,
              SpfOutcome::pass);
}

TEST(Spf, ANullPathIsCheckedAsPostmasterOfHelo) {
    Zone zone;
    zone.txt("mx.example.com", "v=spf1 ip4:192.0.2.1 -all");
    const SpfResult result = check(zone, from("192.0.2.1", ""));
    EXPECT_EQ(result.outcome, SpfOutcome::pass);
    EXPECT_EQ(result.identity, SpfResult::Identity::helo);
    EXPECT_EQ(result.domain, "mx.example.com");
}

TEST(Spf, ReceivedSpfSaysWhatWasFoundAndCannotBeMadeTwoFields) {
    SpfRequest request = from("192.0.2.1", "a\r\nX: y@example.com");
    request.helo = "bad) helo\r\nEvil: yes";
    const SpfResult result = check(with("v=spf1 ip4:192.0.2.1 -all"), request);
    EXPECT_EQ(result.outcome, SpfOutcome::pass);
    EXPECT_EQ(result.mechanism, "ip4:192.0.2.1");
    const std::string line = received_spf(result, request);
    EXPECT_EQ(line,
              "Received-SPF: pass (receiver.example: domain of example.com designates 192.0.2.1 as permitted "
              "sender)\r\n\tclient-ip=192.0.2.1; envelope-from=\"a??X: y@example.com\";\r\n\thelo=\"bad) "
              "helo??Evil: yes\"; receiver=receiver.example; "
              "identity=mailfrom;\r\n\tmechanism=\"ip4:192.0.2.1\"\r\n");
}

TEST(SpfRecord, SyntaxErrorsAreFoundWhereverTheyAre) {
    for (std::string_view wrong :
         {"v=spf1 -all foo", "v=spf1 a:", "v=spf1 ip4:1.2.3", "v=spf1 ip4:1.2.3.4/33", "v=spf1 ip6:::1/129",
          "v=spf1 a/24/64", "v=spf1 all:x", "v=spf1 include", "v=spf1 exists", "v=spf1 a:%{x}.com",
          "v=spf1 a:%{d0}.com", "v=spf1 a:example.com%", "v=spf1 redirect=a.com redirect=b.com",
          "v=spf1 exp=", "v=spf1 a:foo.123", "v=spf1 a:foo-", "v=spf1 ip4:01.2.3.4/08", "v=spf1 -all\t"})
        EXPECT_FALSE(parse_spf(wrong)) << wrong;
    for (std::string_view right : {"v=spf1", "v=spf1   -all  ", "V=SPF1 A MX/24//64 +include:x.org ?all",
                                   "v=spf1 foo=bar%_ -all", "v=spf1 a:%{i}.%{o}.org/0//0"})
        EXPECT_TRUE(parse_spf(right)) << right;
}

}  // namespace
}  // namespace postrider::mailauth
