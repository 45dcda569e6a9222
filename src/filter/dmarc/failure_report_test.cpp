#include "filter/dmarc/failure_report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "mailauth/feedback_report.h"

namespace postrider::filter {
namespace {

using namespace mailauth;
using testing::HasSubstr;
using testing::Not;

constexpr std::string_view text =
    "Received: from x by y\r\nFrom: Boss <boss@example.com>\r\nTo: secret@example.org\r\nCc: "
    "other@example.org\r\n"
    "Subject: money\r\n\r\nbody that is nobody's business\r\n";

MessageAuthentication failed(std::string fo = "0") {
    MessageAuthentication out;
    out.client = "192.0.2.1";
    out.host = "mail.example.org";
    out.reverse_path = "bounce@example.com";
    out.spf.domain = "example.com";
    out.spf.outcome = SpfOutcome::fail;
    out.spf.record = "v=spf1 \"-all";
    out.dmarc.outcome = DmarcOutcome::fail;
    out.dmarc.from_domain = out.dmarc.policy_domain = out.dmarc.organization = "example.com";
    out.dmarc.record.ruf = {"mailto:dmarc@example.com"};
    out.dmarc.record.fo = std::move(fo);
    return out;
}

class Failures : public testing::Test {
protected:
    void send() {
        reports.send([this](DmarcAddress&, const std::string&) { return agrees; },
                     [this](const std::string& to, std::string message) {
                         sent.emplace_back(to, std::move(message));
                         return true;
                     },
                     [] { return true; });
    }
    ManualClock clock{Time{} + std::chrono::hours{24 * 365 * 56}};
    FailureReports reports{clock, {}};
    std::vector<std::pair<std::string, std::string>> sent;
    bool agrees = true;
};

TEST_F(Failures, TheDomainIsToldOfWhatFailedAndNotToWhomItWent) {
    reports.note(failed(), DmarcPolicy::reject, text);
    send();
    EXPECT_TRUE(sent.empty()) << "off unless it is wanted";
    reports.configure({true, "mail.example.org", "postmaster@example.org"});
    reports.note(failed(), DmarcPolicy::reject, text);
    send();
    ASSERT_EQ(sent.size(), 1U);
    EXPECT_EQ(sent[0].first, "dmarc@example.com");
    const auto report = parse_feedback(sent[0].second);
    ASSERT_TRUE(report);
    EXPECT_EQ(report->type, "auth-failure");
    EXPECT_EQ(report->auth_failure, "dmarc");
    EXPECT_EQ(report->source_ip, "192.0.2.1");
    EXPECT_EQ(report->delivery_result, "reject");
    EXPECT_EQ(report->identity_alignment, "dkim, spf");
    EXPECT_THAT(sent[0].second, HasSubstr("\r\nSPF-DNS: txt : example.com : \"v=spf1 \\\"-all\"\r\n"));
    EXPECT_THAT(report->original, HasSubstr("Subject: money\r\n"));
    EXPECT_THAT(sent[0].second, Not(HasSubstr("secret@example.org")));
    EXPECT_THAT(sent[0].second, Not(HasSubstr("nobody's business")));
}

TEST_F(Failures, OnlyWhatTheRecordAsksFor) {
    auto with = [](std::string fo, DmarcOutcome outcome, bool dkim_aligned) {
        auto result = failed(std::move(fo));
        result.dmarc.outcome = outcome;
        result.dmarc.dkim_aligned = dkim_aligned;
        return asks_for_report(result);
    };
    EXPECT_TRUE(with("0", DmarcOutcome::fail, false));
    auto suffix = failed();
    suffix.dmarc.record.psd = DmarcRecord::Psd::yes;
    EXPECT_FALSE(asks_for_report(suffix)) << "RFC 9991 section 2";
    EXPECT_FALSE(with("0", DmarcOutcome::pass, true));
    EXPECT_TRUE(with("1", DmarcOutcome::pass, true)) << "SPF is not aligned";
    EXPECT_TRUE(with("s", DmarcOutcome::pass, true)) << "SPF fails";
    EXPECT_FALSE(with("d", DmarcOutcome::fail, false)) << "no signature that fails";
    auto without = failed();
    without.dmarc.record.ruf.clear();
    EXPECT_FALSE(asks_for_report(without));
}

TEST_F(Failures, NeverAboutReportsOrMailFromNobodyAndNotTooMany) {
    reports.configure({true, "mail.example.org", "postmaster@example.org"});
    auto nobody = failed();
    nobody.reverse_path.clear();
    reports.note(nobody, DmarcPolicy::none, text);
    reports.note(failed(), DmarcPolicy::none,
                 "From: x@example.com\r\nContent-Type: multipart/report; boundary=x\r\n\r\n--x--\r\n");
    send();
    EXPECT_TRUE(sent.empty());
    for (int i = 0; i < 50; ++i) reports.note(failed(), DmarcPolicy::none, text);
    send();
    EXPECT_EQ(sent.size(), FailureReports::max_of_domain);
    clock.advance(std::chrono::hours{1});
    reports.note(failed(), DmarcPolicy::none, text);
    send();
    EXPECT_EQ(sent.size(), FailureReports::max_of_domain + 1);
}

TEST_F(Failures, OtherOrganizationsAreAskedFirst) {
    reports.configure({true, "mail.example.org", "postmaster@example.org"});
    auto elsewhere = failed();
    elsewhere.dmarc.record.ruf = {"mailto:watch@monitor.example"};
    agrees = false;
    reports.note(elsewhere, DmarcPolicy::none, text);
    send();
    EXPECT_TRUE(sent.empty());
    agrees = true;
    reports.note(elsewhere, DmarcPolicy::none, text);
    send();
    EXPECT_EQ(sent.size(), 1U);
}

}  // namespace
}  // namespace postrider::filter
