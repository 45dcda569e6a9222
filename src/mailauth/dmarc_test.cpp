#include "mailauth/dmarc.h"

#include <gtest/gtest.h>

#include "mailauth/test_mail.h"

namespace postrider::mailauth {
namespace {

SpfResult spf(SpfOutcome outcome, std::string domain) {
    SpfResult result;
    result.outcome = outcome;
    result.domain = std::move(domain);
    return result;
}
DkimVerdict dkim(DkimOutcome outcome, std::string domain) {
    DkimVerdict verdict;
    verdict.outcome = outcome;
    verdict.domain = std::move(domain);
    return verdict;
}

DmarcResult check(const Zone& zone, std::string_view from, const SpfResult& by_spf,
                  const std::vector<DkimVerdict>& by_dkim = {}, Discovery discovery = Discovery::tree_walk,
                  unsigned sample = 0) {
    const std::string message = "From: " + std::string{from} + "\r\n\r\n";
    return zone.settle<DmarcResult>([&](const Answers& answers) {
        return check_dmarc({.message = message, .discovery = discovery, .sample = sample}, by_spf, by_dkim,
                           answers);
    });
}
const SpfResult no_spf;

TEST(DmarcRecords, AreReadAsPublished) {
    auto record = parse_dmarc(
        "v=DMARC1; p=quarantine; sp=reject;np=none ; rua=mailto:a@example.com!10m , "
        "https://x.example/r; ruf=mailto:b@example.com; adkim=s; aspf=r; pct=50; t=y; psd=n; fo=1:d");
    ASSERT_TRUE(record);
    EXPECT_EQ(record->p, DmarcPolicy::quarantine);
    EXPECT_EQ(record->sp, DmarcPolicy::reject);
    EXPECT_EQ(record->np, DmarcPolicy::none);
    EXPECT_EQ(record->rua, (std::vector<std::string>{"mailto:a@example.com", "https://x.example/r"}));
    EXPECT_EQ(record->ruf, std::vector<std::string>{"mailto:b@example.com"});
    EXPECT_TRUE(record->strict_dkim);
    EXPECT_FALSE(record->strict_spf);
    EXPECT_EQ(record->percent, 50u);
    EXPECT_TRUE(record->testing);
    EXPECT_EQ(record->psd, DmarcRecord::Psd::no);
    EXPECT_EQ(record->fo, "1:d");
}

TEST(DmarcRecords, ErrorsBehindTheVersionAreForgivenWhereTheRfcSaysSo) {
    EXPECT_FALSE(parse_dmarc("p=none; v=DMARC1"));
    EXPECT_FALSE(parse_dmarc("v=DMARC2; p=none"));
    EXPECT_FALSE(parse_dmarc("v=dmarc1; p=none"));
    EXPECT_FALSE(parse_dmarc("v=spf1 -all"));
    EXPECT_FALSE(parse_dmarc("v=DMARC1; p=refuse"));
    EXPECT_EQ(parse_dmarc("v=DMARC1"), DmarcRecord{}) << "RFC 9989 section 4.7: without p it is none";
    EXPECT_EQ(parse_dmarc("v=DMARC1; sp=reject")->p, DmarcPolicy::none);
    EXPECT_FALSE(parse_dmarc("v=DMARC1; sp=what"));
    EXPECT_EQ(parse_dmarc("v=DMARC1; p=refuse; rua=mailto:a@b.c")->p, DmarcPolicy::none);
    EXPECT_EQ(parse_dmarc("v=DMARC1; rua=mailto:a@b.c; p=reject; sp=what")->p, DmarcPolicy::none);
    EXPECT_EQ(parse_dmarc("v = DMARC1 ;; nonsense ; x=y; p = Reject ;pct=500")->p, DmarcPolicy::reject);
    EXPECT_EQ(parse_dmarc("v=DMARC1; p=reject; adkim=q")->strict_dkim, false);
}

TEST(DmarcAuthors, HaveOneDomain) {
    EXPECT_EQ(author_domain("From: A <a@Mail.Example.com>, b@mail.example.COM\r\n\r\n"), "mail.example.com");
    EXPECT_EQ(author_domain("From: \"x@evil.example\" <a@b\xc3\xbc"
                            "cher.example>\r\n\r\n"),
              "xn--bcher-kva.example");
    for (std::string_view wrong : {"Subject: x\r\n\r\n", "From: a@b.example\r\nFrom: a@b.example\r\n\r\n",
                                   "From: a@b.example, c@d.example\r\n\r\n", "From: nobody\r\n\r\n",
                                   "From:\r\n\r\n", "From: a@[192.0.2.1]\r\n\r\n"})
        EXPECT_FALSE(author_domain(wrong)) << wrong;
}

TEST(Dmarc, PassesWithAnAlignedIdentifier) {
    Zone zone;
    zone.txt("_dmarc.example.com", "v=DMARC1; p=reject");
    EXPECT_EQ(check(zone, "a@example.com", spf(SpfOutcome::pass, "example.com")).outcome, DmarcOutcome::pass);
    EXPECT_EQ(check(zone, "a@example.com", spf(SpfOutcome::pass, "bounces.example.com")).outcome,
              DmarcOutcome::pass);
    EXPECT_EQ(check(zone, "a@example.com", no_spf, {dkim(DkimOutcome::pass, "m.example.com")}).outcome,
              DmarcOutcome::pass);
    EXPECT_EQ(check(zone, "a@mail.example.com", no_spf, {dkim(DkimOutcome::pass, "example.com")}).outcome,
              DmarcOutcome::pass);
    const DmarcResult fail =
        check(zone, "a@example.com", spf(SpfOutcome::pass, "example.org"),
              {dkim(DkimOutcome::fail, "example.com"), dkim(DkimOutcome::pass, "notexample.com")});
    EXPECT_EQ(fail.outcome, DmarcOutcome::fail);
    EXPECT_EQ(fail.requested, DmarcPolicy::reject);
    EXPECT_EQ(fail.organization, "example.com");
}

TEST(Dmarc, StrictAlignmentWantsTheSameDomain) {
    Zone zone;
    zone.txt("_dmarc.example.com", "v=DMARC1; p=reject; aspf=s; adkim=s");
    EXPECT_EQ(check(zone, "a@example.com", spf(SpfOutcome::pass, "m.example.com")).outcome,
              DmarcOutcome::fail);
    EXPECT_EQ(check(zone, "a@example.com", no_spf, {dkim(DkimOutcome::pass, "m.example.com")}).outcome,
              DmarcOutcome::fail);
    EXPECT_EQ(check(zone, "a@example.com", no_spf, {dkim(DkimOutcome::pass, "example.com")}).outcome,
              DmarcOutcome::pass);
}

TEST(Dmarc, SubdomainsHaveTheirPolicies) {
    Zone zone;
    zone.txt("_dmarc.example.com", "v=DMARC1; p=none; sp=quarantine; np=reject");
    zone.add("there.example.com", dns::Type::mx, dns::mx_rdata(10, "mx.example.com"));
    EXPECT_EQ(check(zone, "a@example.com", no_spf).requested, DmarcPolicy::none);
    EXPECT_EQ(check(zone, "a@there.example.com", no_spf).requested, DmarcPolicy::quarantine);
    EXPECT_EQ(check(zone, "a@nowhere.example.com", no_spf).requested, DmarcPolicy::reject);
    zone.txt("_dmarc.there.example.com", "v=DMARC1; p=none; sp=reject");
    EXPECT_EQ(check(zone, "a@there.example.com", no_spf).requested, DmarcPolicy::none);
}

TEST(Dmarc, TestModeAndPercentagesRelieve) {
    Zone zone;
    zone.txt("_dmarc.example.com", "v=DMARC1; p=reject; t=y");
    const DmarcResult testing = check(zone, "a@example.com", no_spf);
    EXPECT_EQ(testing.requested, DmarcPolicy::quarantine);
    EXPECT_TRUE(testing.relieved);
    Zone half;
    half.txt("_dmarc.example.com", "v=DMARC1; p=quarantine; pct=50");
    EXPECT_EQ(check(half, "a@example.com", no_spf, {}, Discovery::tree_walk, 49).requested,
              DmarcPolicy::quarantine);
    EXPECT_EQ(check(half, "a@example.com", no_spf, {}, Discovery::tree_walk, 50).requested,
              DmarcPolicy::none);
}

/// RFC 9989 §4.10.2 and appendix B.3.
TEST(Dmarc, FindsTheOrganizationByWalkingTheTree) {
    Zone both;
    both.txt("_dmarc.mail.example.com", "v=DMARC1; p=none");
    both.txt("_dmarc.example.com", "v=DMARC1; p=reject");
    EXPECT_EQ(check(both, "a@a.mail.example.com", no_spf).organization, "example.com");
    EXPECT_EQ(check(both, "a@a.mail.example.com", no_spf).policy_domain, "example.com");
    EXPECT_EQ(check(both, "a@mail.example.com", no_spf).policy_domain, "mail.example.com");
    Zone own;
    own.txt("_dmarc.mail.example.com", "v=DMARC1; p=quarantine; psd=n");
    own.txt("_dmarc.example.com", "v=DMARC1; p=reject");
    EXPECT_EQ(check(own, "a@a.mail.example.com", no_spf).organization, "mail.example.com");
    EXPECT_EQ(check(own, "a@a.mail.example.com", no_spf, {dkim(DkimOutcome::pass, "example.com")}).outcome,
              DmarcOutcome::fail);
    Zone suffix;
    suffix.txt("_dmarc.com", "v=DMARC1; p=reject; sp=quarantine; psd=y");
    const DmarcResult by_suffix = check(suffix, "a@a.mail.example.com", no_spf);
    EXPECT_EQ(by_suffix.organization, "example.com");
    EXPECT_EQ(by_suffix.policy_domain, "com");
    EXPECT_EQ(by_suffix.requested, DmarcPolicy::quarantine);
    EXPECT_EQ(check(suffix, "a@example.com", no_spf, {dkim(DkimOutcome::pass, "example.com")}).outcome,
              DmarcOutcome::pass);
    EXPECT_EQ(check(suffix, "a@example.com", no_spf, {dkim(DkimOutcome::pass, "other.com")}).outcome,
              DmarcOutcome::fail);
    const Zone nothing;
    EXPECT_EQ(check(nothing, "a@example.com", no_spf).outcome, DmarcOutcome::none);
}

TEST(Dmarc, AsksAtMostEightTimesForALongName) {
    const Zone zone;
    const std::string message = "From: a@a.b.c.d.e.f.g.h.i.j.mail.example.com\r\n\r\n";
    const Answers none;
    auto step = check_dmarc({.message = message}, no_spf, {}, none);
    const auto& questions = std::get<Questions>(step);
    std::vector<std::string> names;
    for (const Question& question : questions) names.push_back(question.name);
    EXPECT_EQ(names,
              (std::vector<std::string>{"_dmarc.a.b.c.d.e.f.g.h.i.j.mail.example.com",
                                        "_dmarc.g.h.i.j.mail.example.com", "_dmarc.h.i.j.mail.example.com",
                                        "_dmarc.i.j.mail.example.com", "_dmarc.j.mail.example.com",
                                        "_dmarc.mail.example.com", "_dmarc.example.com", "_dmarc.com"}));
}

TEST(Dmarc, FindsTheOrganizationByThePublicSuffixList) {
    EXPECT_EQ(organization_by_suffix("a.b.example.co.uk"), "example.co.uk");
    EXPECT_EQ(organization_by_suffix("com"), "com");
    Zone zone;
    zone.txt("_dmarc.example.co.uk", "v=DMARC1; p=reject");
    const DmarcResult result = check(zone, "a@m.example.co.uk", no_spf,
                                     {dkim(DkimOutcome::pass, "x.example.co.uk")}, Discovery::public_suffix);
    EXPECT_EQ(result.outcome, DmarcOutcome::pass);
    EXPECT_EQ(result.policy_domain, "example.co.uk");
}

TEST(Dmarc, NeitherPassesNorFailsWithoutTheDns) {
    Zone zone;
    zone.fail("_dmarc.example.com", dns::Type::txt);
    EXPECT_EQ(check(zone, "a@example.com", no_spf).outcome, DmarcOutcome::temperror);
    Zone key;
    key.txt("_dmarc.example.com", "v=DMARC1; p=reject");
    EXPECT_EQ(check(key, "a@example.com", no_spf, {dkim(DkimOutcome::temperror, "example.com")}).outcome,
              DmarcOutcome::temperror);
    EXPECT_EQ(check(key, "a@example.com", no_spf, {dkim(DkimOutcome::temperror, "example.org")}).outcome,
              DmarcOutcome::fail);
}

TEST(Dmarc, TwoRecordsAreNone) {
    Zone zone;
    zone.txt("_dmarc.example.com", "v=DMARC1; p=reject");
    zone.txt("_dmarc.example.com", "v=DMARC1; p=none");
    EXPECT_EQ(check(zone, "a@example.com", no_spf).outcome, DmarcOutcome::none);
}

}  // namespace
}  // namespace postrider::mailauth
