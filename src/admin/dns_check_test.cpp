#include "admin/dns_check.h"

#include <gtest/gtest.h>

#include <map>

#include "admin/fixture_for_tests.h"
#include "dns/fake_resolver.h"

namespace postrider::admin {
namespace {

using dns::Type;
using Status = RecordCheck::Status;

class DnsCheck : public testing::Test {
protected:
    DnsCheck() {
        us.host = "mail.example.org";
        us.addresses = {"127.0.0.1", "192.0.2.1", "2001:db8::1"};
        us.services = {{"_submissions", 465}, {"_imaps", 993}};
        us.key_digests = {"ab12"};
        us.sts_policy = [this](const std::string&) { return policy; };
    }
    void text(const std::string& name, const std::string& value) {
        resolver.add(name, Type::txt, dns::txt_rdata(value));
    }
    /// Everything as it should be.
    void publish() {
        resolver.add("example.org", Type::mx, dns::mx_rdata(10, "mail.example.org"));
        resolver.add("mail.example.org", Type::a, dns::address_rdata("192.0.2.1"));
        resolver.add("mail.example.org", Type::aaaa, dns::address_rdata("2001:db8::1"));
        resolver.add("1.2.0.192.in-addr.arpa", Type::ptr, dns::name_rdata("mail.example.org"));
        resolver.add(*dns::reverse_name("2001:db8::1"), Type::ptr, dns::name_rdata("mail.example.org"));
        text("example.org", "v=spf1 mx -all");
        text("_dmarc.example.org", "v=DMARC1; p=reject");
        text("_mta-sts.example.org", "v=STSv1; id=1;");
        text("_smtp._tls.example.org", "v=TLSRPTv1; rua=mailto:postmaster@example.org");
        resolver.add("_submissions._tcp.example.org", Type::srv,
                     dns::srv_rdata({0, 1, 465, "mail.example.org"}));
        resolver.add("_imaps._tcp.example.org", Type::srv, dns::srv_rdata({0, 1, 993, "mail.example.org"}));
        resolver.add("_25._tcp.mail.example.org", Type::tlsa, dns::tlsa_rdata({3, 1, 1, "\xab\x12"}));
    }
    std::map<std::string, RecordCheck> check() {
        std::map<std::string, RecordCheck> out;
        for (RecordCheck& one : check_domain(resolver, us, "example.org", Time{1'700'000'000s}))
            out.emplace(one.what + (out.contains(one.what) ? " 2" : ""), std::move(one));
        return out;
    }

    Identity us;
    Identity::FetchedPolicy policy{"", "enforce", {"mail.example.org"}};
    dns::FakeResolver resolver{true};
};

TEST_F(DnsCheck, IsContentWithADomainThatHasEverything) {
    publish();
    const auto checks = check();
    for (const auto& [name, one] : checks) EXPECT_EQ(one.status, Status::ok) << name << ": " << one.note;
    EXPECT_EQ(checks.size(), 13u);
}

TEST_F(DnsCheck, SaysWhatToPublishWhereNothingIs) {
    auto checks = check();
    for (const auto& [name, one] : checks) EXPECT_EQ(one.status, Status::missing) << name << ": " << one.note;
    EXPECT_EQ(checks["MX"].publish, "example.org. MX 10 mail.example.org.");
    EXPECT_EQ(checks["A"].publish, "mail.example.org. A 192.0.2.1");
    EXPECT_EQ(checks["SPF"].publish, "example.org. TXT \"v=spf1 mx -all\"");
    EXPECT_EQ(checks["MTA-STS"].publish, "_mta-sts.example.org. TXT \"v=STSv1; id=20231114221320;\"");
    EXPECT_EQ(checks["TLS-RPT"].publish,
              "_smtp._tls.example.org. TXT \"v=TLSRPTv1; rua=mailto:postmaster@example.org\"");
    EXPECT_EQ(checks["SRV"].publish, "_submissions._tcp.example.org. SRV 0 1 465 mail.example.org.");
    EXPECT_EQ(checks["TLSA"].publish, "_25._tcp.mail.example.org. TLSA 3 1 1 ab12");
}

TEST_F(DnsCheck, SaysWhatDiffers) {
    resolver.add("example.org", Type::mx, dns::mx_rdata(10, "mx.other.example"));
    resolver.add("mail.example.org", Type::a, dns::address_rdata("198.51.100.7"));
    resolver.add("7.100.51.198.in-addr.arpa", Type::ptr, dns::name_rdata("host7.provider.example"));
    text("example.org", "v=spf1 ip4:198.51.100.0/24 -all");
    text("_dmarc.example.org", "v=DMARC1; rua=mailto:x@example.org");
    text("_mta-sts.example.org", "v=STSv1; id=not-one;");
    text("_smtp._tls.example.org", "v=TLSRPTv1; rua=nowhere");
    resolver.add("_submissions._tcp.example.org", Type::srv, dns::srv_rdata({0, 1, 587, "mail.example.org"}));
    resolver.add("_25._tcp.mail.example.org", Type::tlsa, dns::tlsa_rdata({3, 1, 1, "\xcd"}));
    auto checks = check();
    for (const char* one : {"MX", "A", "PTR", "SPF", "DMARC", "MTA-STS", "TLS-RPT", "SRV", "TLSA"})
        EXPECT_EQ(checks[one].status, Status::differs) << one;
    EXPECT_EQ(checks["MX"].found, (std::vector<std::string>{"10 mx.other.example."}));
}

TEST_F(DnsCheck, TwoSpfRecordsAreOneTooMany) {
    publish();
    text("example.org", "v=spf1 -all");
    EXPECT_EQ(check()["SPF"].status, Status::multiple);
}

TEST_F(DnsCheck, APolicyThatLeavesThisServerOutDiffers) {
    publish();
    policy.mx = {"*.example.net"};
    EXPECT_EQ(check()["MTA-STS policy"].status, Status::differs);
    policy.mx = {"*.example.org"};
    EXPECT_EQ(check()["MTA-STS policy"].status, Status::ok);
    policy.problem = "the web server answers 404";
    auto row = check()["MTA-STS policy"];
    EXPECT_EQ(row.status, Status::differs);
    EXPECT_EQ(row.note, "the web server answers 404");
}

TEST_F(DnsCheck, WhatTheDnsDoesNotSayIsUnknown) {
    publish();
    dns::Answer silent;
    silent.why = "no name server answered";
    resolver.set("example.org", Type::mx, silent);
    auto row = check()["MX"];
    EXPECT_EQ(row.status, Status::unknown);
    EXPECT_EQ(row.note, "no name server answered");
}

TEST_F(DnsCheck, AMachineWithPrivateAddressesCannotTell) {
    us.addresses = {"127.0.0.1", "10.0.0.5"};
    publish();
    EXPECT_EQ(check()["A"].status, Status::unknown);
    resolver.remove("mail.example.org", Type::a);
    resolver.add("mail.example.org", Type::a, dns::address_rdata("10.0.0.5"));
    EXPECT_EQ(check()["A"].status, Status::ok);
}

TEST_F(DnsCheck, SpfIsReadAsFarAsItGoesWithoutQuestions) {
    const std::pair<const char*, Status> cases[] = {
        {"v=spf1 mx -all", Status::ok},
        {"v=spf1 +mx ~all", Status::ok},
        {"v=spf1 ip4:192.0.2.0/24 -all", Status::ok},
        {"v=spf1 ip6:2001:db8::/32 -all", Status::ok},
        {"v=spf1 a:mail.example.org -all", Status::ok},
        {"v=spf1 include:_spf.example.net -all", Status::unknown},
        {"v=spf1 redirect=_spf.example.net", Status::unknown},
        {"v=spf1 ip4:198.51.100.1 -all", Status::differs},
        {"v=spf1 -all", Status::differs},
        {"v=spf1", Status::differs},
        {"v=spf1 +all", Status::differs},
        {"v=spf1 all", Status::differs},
    };
    for (const auto& [record, status] : cases) {
        std::string note;
        EXPECT_EQ(spf_lets_us(record, us, "example.org", note), status) << record;
    }
}

TEST_F(AdminTest, AsksTheDnsAndChecksDomains) {
    EXPECT_EQ(error("dns query", {{"type", "MX"}, {"name", "example.org"}}), Error::Kind::not_running);
    dns::FakeResolver resolver;
    resolver.add("example.org", Type::mx, dns::mx_rdata(10, "mail.example.org"));
    resolver.add("1.2.0.192.in-addr.arpa", Type::ptr, dns::name_rdata("mail.example.org"));
    context->resolver = &resolver;
    const Json found = ok("dns query", {{"type", "mx"}, {"name", "Example.org."}});
    EXPECT_EQ(found["records"], Json({"10 mail.example.org."}));
    EXPECT_EQ(found["outcome"], "found");
    EXPECT_EQ(ok("dns query", {{"type", "PTR"}, {"name", "192.0.2.1"}})["records"],
              Json({"mail.example.org."}));
    EXPECT_EQ(error("dns query", {{"type", "AXFR"}, {"name", "example.org"}}), Error::Kind::bad_value);
    EXPECT_EQ(error("dns query", {{"type", "A"}, {"name", "a b"}}), Error::Kind::bad_value);
    EXPECT_EQ(error("dns check", {{"domain", "example.org"}}), Error::Kind::not_running);
    context->running = true;
    context->identity = [] {
        Identity us;
        us.host = "mail.example.org";
        return us;
    };
    const Json checked = ok("dns check", {{"domain", "example.org"}});
    EXPECT_EQ(checked["complete"], false);
    EXPECT_EQ(checked["records"][0]["status"], "ok");
    EXPECT_EQ(error("dns check", {{"domain", "example.net"}}), Error::Kind::not_found);
    ok("dns flush");
}

}  // namespace
}  // namespace postrider::admin
