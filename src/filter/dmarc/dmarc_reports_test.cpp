#include "filter/dmarc/dmarc_reports.h"

#include <gtest/gtest.h>

#include "base/test_folder.h"
#include "dns/fake_resolver.h"
#include "mailauth/aggregate_report.h"

namespace postrider::filter {
namespace {

using namespace mailauth;

constexpr std::chrono::hours day{24};

class Reports : public testing::Test {
protected:
    void SetUp() override {
        auto opened = kv::Store::open(folder_.path() / "kv", {});
        ASSERT_TRUE(opened);
        store_ = std::move(*opened);
        reports_ = make();
    }
    std::unique_ptr<DmarcReports> make() {
        DmarcReportOptions options;
        options.submitter = "mail.example.org";
        options.from = "postmaster@example.org";
        auto made =
            std::make_unique<DmarcReports>(dns_, *store_, clock_, observe::Logger{}, metrics_, options,
                                           [this](const std::string& to, std::string message) {
                                               if (!takes_) return false;
                                               posted_.emplace_back(to, std::move(message));
                                               return true;
                                           });
        EXPECT_TRUE(made->load());
        return made;
    }
    static MessageAuthentication message(std::string domain, bool passes, std::vector<std::string> rua) {
        MessageAuthentication out;
        out.client = "192.0.2.1";
        out.reverse_path = "bounce@" + domain;
        out.spf.domain = domain;
        out.spf.outcome = passes ? SpfOutcome::pass : SpfOutcome::fail;
        out.dmarc.outcome = passes ? DmarcOutcome::pass : DmarcOutcome::fail;
        out.dmarc.from_domain = out.dmarc.policy_domain = out.dmarc.organization = domain;
        out.dmarc.record.p = DmarcPolicy::reject;
        out.dmarc.record.rua = std::move(rua);
        out.dmarc.spf_aligned = passes;
        return out;
    }
    void send() {
        reports_->send_due([] { return true; });
    }

    TestFolder folder_;
    std::unique_ptr<kv::Store> store_;
    ManualClock clock_{Time{std::chrono::sys_days{std::chrono::year{2026} / 11 / 20}.time_since_epoch()}};
    dns::FakeResolver dns_;
    observe::Metrics metrics_;
    std::vector<std::pair<std::string, std::string>> posted_;
    bool takes_ = true;
    std::unique_ptr<DmarcReports> reports_;
};

TEST_F(Reports, ADaysMailIsToldOnTheNextDay) {
    for (int i = 0; i < 3; ++i)
        reports_->note(message("example.com", true, {"mailto:dmarc@example.com"}), DmarcPolicy::none, {}, {});
    reports_->note(message("example.com", false, {"mailto:dmarc@example.com"}), DmarcPolicy::none,
                   {"trusted_forwarder", "arc=pass"}, {});
    send();
    EXPECT_TRUE(posted_.empty());
    ASSERT_TRUE(reports_->save());
    reports_ = make();  // the server starts anew
    clock_.advance(day);
    send();
    ASSERT_EQ(posted_.size(), 1u);
    EXPECT_EQ(posted_[0].first, "dmarc@example.com");
    auto report = find_aggregate(posted_[0].second);
    ASSERT_TRUE(report) << report.error();
    EXPECT_EQ(report->domain, "example.com");
    EXPECT_EQ(report->p, "reject");
    EXPECT_EQ(report->end - report->begin, 86399);
    ASSERT_EQ(report->rows.size(), 2u);
    EXPECT_EQ(report->rows[0].count, 3u);
    EXPECT_EQ(report->rows[0].disposition, "pass");
    EXPECT_TRUE(report->rows[0].spf_aligned);
    EXPECT_EQ(report->rows[1].reasons.at(0).type, "trusted_forwarder");
    EXPECT_EQ(report->rows[1].spf.at(0).result, "fail");
    send();
    EXPECT_EQ(posted_.size(), 1u);
    EXPECT_EQ(make()->waiting(), 0u);
}

TEST_F(Reports, OtherOrganizationsAreAskedFirst) {
    const std::vector<std::string> rua = {"mailto:a@reports.example.net", "mailto:b@other.example",
                                          "https://x.example/", "mailto:c@sub.example.com!10m"};
    dns_.add("example.com._report._dmarc.reports.example.net", dns::Type::txt, dns::txt_rdata("v=DMARC1;"));
    reports_->note(message("example.com", true, rua), DmarcPolicy::none, {}, {});
    clock_.advance(day);
    send();
    std::vector<std::string> to;
    for (const auto& [address, text] : posted_) to.push_back(address);
    EXPECT_EQ(to, (std::vector<std::string>{"a@reports.example.net"}));
}

TEST_F(Reports, AHostThatTakesThemMayNameAnotherAddressOfItsOwn) {
    const std::vector<std::string> rua = {"mailto:a@reports.example.net", "mailto:b@other.example"};
    dns_.add("example.com._report._dmarc.reports.example.net", dns::Type::txt,
             dns::txt_rdata("v=DMARC1; rua=mailto:better@reports.example.net"));
    dns_.add("example.com._report._dmarc.other.example", dns::Type::txt,
             dns::txt_rdata("v=DMARC1; rua=mailto:victim@elsewhere.example"));
    reports_->note(message("example.com", true, rua), DmarcPolicy::none, {}, {});
    clock_.advance(day);
    send();
    ASSERT_EQ(posted_.size(), 1u);
    EXPECT_EQ(posted_[0].first, "better@reports.example.net");
}

TEST_F(Reports, WhatCannotBeSentIsTriedAgainAndThenDropped) {
    dns_.set("example.com._report._dmarc.reports.example.net", dns::Type::txt, dns::Outcome::temporary);
    reports_->note(message("example.com", true, {"mailto:a@reports.example.net"}), DmarcPolicy::none, {}, {});
    takes_ = false;
    reports_->note(message("example.org", true, {"mailto:a@example.org"}), DmarcPolicy::none, {}, {});
    clock_.advance(day);
    send();
    EXPECT_EQ(reports_->waiting(), 2u);
    takes_ = true;
    send();
    EXPECT_EQ(posted_.size(), 1u);
    EXPECT_EQ(reports_->waiting(), 1u);
    clock_.advance(day * 2);
    send();
    EXPECT_EQ(reports_->waiting(), 0u);
    EXPECT_EQ(posted_.size(), 1u);
}

TEST_F(Reports, WhoDoesNotAskIsNotTold) {
    reports_->note(message("example.com", true, {}), DmarcPolicy::none, {}, {});
    EXPECT_EQ(reports_->waiting(), 0u);
}

TEST_F(Reports, AreBounded) {
    for (std::size_t i = 0; i < DmarcReports::max_reports + 10; ++i)
        reports_->note(message("d" + std::to_string(i) + ".example", true, {"mailto:a@b.example"}),
                       DmarcPolicy::none, {}, {});
    EXPECT_EQ(reports_->waiting(), DmarcReports::max_reports);
    DayReport one;
    for (unsigned i = 0; i < 600; ++i) {
        MessageAuthentication from = message("example.com", true, {"mailto:a@b.example"});
        from.client = "2001:db8::" + std::to_string(i);
        one.add(from, DmarcPolicy::none, {});
    }
    EXPECT_EQ(one.rows.size(), DayReport::max_rows);
    EXPECT_EQ(one.uncounted, 100u);
    EXPECT_EQ(DayReport::decode(one.encode())->rows, one.rows);
    EXPECT_FALSE(DayReport::decode(one.encode().substr(0, 100)));
}

}  // namespace
}  // namespace postrider::filter
