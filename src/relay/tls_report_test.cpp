#include <fmt/core.h>
#include <gtest/gtest.h>
#include <zlib.h>

#include <nlohmann/json.hpp>

#include "base/test_folder.h"
#include "dns/fake_resolver.h"
#include "net/run_task.h"
#include "net/test_server.h"
#include "observe/memory_log.h"
#include "relay/tls_reports.h"
#include "text/gzip.h"

namespace postrider::relay {
namespace {

using namespace std::chrono_literals;
using Policy = TlsAttempt::Policy;

std::string gunzip(std::string_view octets) {
    z_stream stream{};
    EXPECT_EQ(inflateInit2(&stream, 15 + 16), Z_OK);
    std::string out(1 << 20, '\0');
    stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(octets.data()));
    stream.avail_in = static_cast<uInt>(octets.size());
    stream.next_out = reinterpret_cast<Bytef*>(out.data());
    stream.avail_out = static_cast<uInt>(out.size());
    EXPECT_EQ(inflate(&stream, Z_FINISH), Z_STREAM_END);
    out.resize(stream.total_out);
    inflateEnd(&stream);
    return out;
}

TlsAttempt attempt(const std::string& domain, const std::string& result = "") {
    TlsAttempt one;
    one.domain = domain;
    one.policy = Policy::sts;
    one.policy_text = {"version: STSv1", "mode: testing", "mx: *.mail.company-y.example", "max_age: 86400"};
    one.mx_patterns = {"*.mail.company-y.example"};
    one.result = result;
    one.mx_host = "mx1.mail.company-y.example";
    one.sending_ip = "2001:db8:abcd:0012::1";
    one.receiving_ip = "203.0.113.58";
    return one;
}

std::vector<ReportAddress> addresses_of(std::vector<std::string> texts) {
    return report_addresses(texts);
}

TEST(TlsReportRecord, NamesWhereReportsGo) {
    auto mail = addresses_of({"v=TLSRPTv1; rua=mailto:reports@example.com"});  // RFC 8460 §3.1.1
    ASSERT_EQ(mail.size(), 1u);
    EXPECT_EQ(mail[0].mailbox, "reports@example.com");
    auto web = addresses_of({"v=TLSRPTv1; rua=https://reporting.example.com/v1/tlsrpt"});  // §3.1.2
    ASSERT_EQ(web.size(), 1u);
    EXPECT_TRUE(web[0].https);
    EXPECT_EQ(web[0].host, "reporting.example.com");
    EXPECT_EQ(web[0].target, "/v1/tlsrpt");
    EXPECT_EQ(web[0].port, 443);
    auto both = addresses_of(
        {"v=spf1 -all", "v=TLSRPTv1;rua=mailto:a%2Bb@example.com?subject=x , HTTPS://R.example:8443;x=y"});
    ASSERT_EQ(both.size(), 2u);
    EXPECT_EQ(both[0].mailbox, "a+b@example.com");
    EXPECT_EQ(both[1].host, "r.example");
    EXPECT_EQ(both[1].port, 8443);
    EXPECT_EQ(both[1].target, "/");
}

TEST(TlsReportRecord, WhatIsNotOneIsPassedOver) {
    for (const std::string text :
         {"", "v=TLSRPTv1", "v=TLSRPTv2; rua=mailto:a@example.com", "v=TLSRPTv1; rua=ftp://x.example",
          "v=TLSRPTv1; rua=mailto:nobody", "v=TLSRPTv1; rua=mailto:a@b@example.com",
          "v=TLSRPTv1; rua=mailto:a%0d%0aRCPT@example.com", "v=TLSRPTv1; rua=mailto:a%zz@example.com",
          "v=TLSRPTv1; rua=mailto:<a@example.com>", "v=TLSRPTv1; rua=https://127.0.0.1/x",
          "v=TLSRPTv1; rua=https://[::1]/x", "v=TLSRPTv1; rua=https://user@x.example/",
          "v=TLSRPTv1; rua=https:///x", "v=TLSRPTv1; rua=https://x.example:0/",
          "v=TLSRPTv1; rua=https://x.example/a b"})
        EXPECT_TRUE(addresses_of({text}).empty()) << text;
    EXPECT_TRUE(addresses_of({"v=TLSRPTv1; rua=mailto:a@example.com", "v=TLSRPTv1; rua=mailto:b@example.com"})
                    .empty());
    std::string many = "v=TLSRPTv1; rua=";
    for (int i = 0; i < 50; ++i) many += "mailto:a@example.com,";
    EXPECT_EQ(addresses_of({many}).size(), 10u);
}

TEST(TlsReport, AddsAttemptsUp) {
    DomainReport report;
    for (int i = 0; i < 5; ++i) report.add(attempt("example.com"));
    for (int i = 0; i < 3; ++i) report.add(attempt("example.com", "certificate-expired"));
    report.add(attempt("example.com", "starttls-not-supported"));
    TlsAttempt other = attempt("example.com");
    other.policy = Policy::dane;
    report.add(other);
    ASSERT_EQ(report.policies.size(), 2u);
    EXPECT_EQ(report.policies[0].successes, 5u);
    EXPECT_EQ(report.policies[0].failures, 4u);
    ASSERT_EQ(report.policies[0].details.size(), 2u);
    EXPECT_EQ(report.policies[0].details[0].count, 3u);
    auto back = DomainReport::decode(report.encode());
    ASSERT_TRUE(back);
    EXPECT_EQ(back->encode(), report.encode());
    const std::string record = report.encode();
    for (std::size_t i = 0; i < record.size(); ++i)
        EXPECT_FALSE(DomainReport::decode(std::string_view{record}.substr(0, i)));
    EXPECT_FALSE(DomainReport::decode(record + "x"));
}

TEST(TlsReport, IsBounded) {
    DomainReport report;
    for (int i = 0; i < 1000; ++i) {
        TlsAttempt one = attempt("example.com", "validation-failure");
        one.reason = std::to_string(i) + std::string(5000, 'x');
        report.add(one);
        one.policy_text = {std::to_string(i)};
        report.add(one);
    }
    EXPECT_EQ(report.policies.size(), 8u);
    EXPECT_EQ(report.policies[0].failures, 1000u);
    EXPECT_EQ(report.policies[0].details.size(), 50u);
    EXPECT_LT(report.encode().size(), 400'000u);
    EXPECT_TRUE(DomainReport::decode(report.encode()));
}

ReportFacts facts() {
    return {"Company-X",         "sts-reporting@company-x.example", "mail.company-x.example",
            "company-y.example", "5065427c@company-x.example",      Time{1459468800s}};
}

TEST(TlsReport, HasTheFormOfTheRfc) {  // RFC 8460 appendix B
    DomainReport report;
    report.add(attempt("company-y.example"));
    for (int i = 0; i < 100; ++i) report.add(attempt("company-y.example", "certificate-expired"));
    const auto json = nlohmann::json::parse(report_json(report, facts()));
    EXPECT_EQ(json["organization-name"], "Company-X");
    EXPECT_EQ(json["date-range"]["start-datetime"], "2016-04-01T00:00:00Z");
    EXPECT_EQ(json["date-range"]["end-datetime"], "2016-04-01T23:59:59Z");
    EXPECT_EQ(json["contact-info"], "sts-reporting@company-x.example");
    const auto policy = json["policies"][0];
    EXPECT_EQ(policy["policy"]["policy-type"], "sts");
    EXPECT_EQ(policy["policy"]["policy-string"].size(), 4u);
    EXPECT_EQ(policy["policy"]["policy-domain"], "company-y.example");
    EXPECT_EQ(policy["policy"]["mx-host"][0], "*.mail.company-y.example");
    EXPECT_EQ(policy["summary"]["total-successful-session-count"], 1);
    EXPECT_EQ(policy["summary"]["total-failure-session-count"], 100);
    const auto detail = policy["failure-details"][0];
    EXPECT_EQ(detail["result-type"], "certificate-expired");
    EXPECT_EQ(detail["failed-session-count"], 100);
    EXPECT_EQ(detail["receiving-mx-hostname"], "mx1.mail.company-y.example");
}

TEST(TlsReport, OctetsThatAreNoTextDoNotBreakIt) {
    DomainReport report;
    TlsAttempt bad = attempt("company-y.example", "validation-failure");
    bad.reason = "\xff\xfe\"\n";
    report.add(bad);
    EXPECT_TRUE(nlohmann::json::accept(report_json(report, facts())));
}

TEST(TlsReport, AsAMessageHasTheFormOfTheRfc) {
    DomainReport report;
    report.add(attempt("company-y.example"));
    const std::string json = report_json(report, facts());
    const std::string message = report_message(text::gzip(json), facts(), "postmaster@company-x.example",
                                               "reports@company-y.example", Time{1459555200s});
    for (const std::string line :
         {"To: <reports@company-y.example>\r\n", "TLS-Report-Domain: company-y.example\r\n",
          "TLS-Report-Submitter: mail.company-x.example\r\n", "TLS-Required: No\r\n",
          "report-type=\"tlsrpt\"",
          "Subject: Report Domain: company-y.example Submitter: mail.company-x.example Report-ID: "
          "<5065427c@company-x.example>\r\n",
          "Content-Type: application/tlsrpt+gzip\r\n",
          "filename=\"mail.company-x.example!company-y.example!1459468800!1459555199!5065427c.json.gz\""})
        EXPECT_NE(message.find(line), std::string::npos) << line;
    EXPECT_EQ(gunzip(text::gzip(json)), json);
}

class TlsReporting : public testing::Test {
protected:
    void SetUp() override {
        auto opened = kv::Store::open(folder.path() / "kv", {});
        ASSERT_TRUE(opened);
        store = std::move(*opened);
        reports = make();
    }
    std::unique_ptr<TlsReports> make(const std::string& ca = "") {
        TlsReportOptions options;
        options.submitter = "mail.example.org";
        options.from = "postmaster@example.org";
        options.delay = 1h;
        options.ca_file = ca;
        auto made = std::make_unique<TlsReports>(resolver, *store, clock, log.logger(), metrics, options,
                                                 [this](const std::string& to, std::string message) {
                                                     posted.emplace_back(to, std::move(message));
                                                     return takes;
                                                 });
        EXPECT_TRUE(made->load());
        return made;
    }
    void send() { net::run_task(context, reports->send_due()); }

    TestFolder folder;
    net::asio::io_context context{1};
    std::unique_ptr<kv::Store> store;
    dns::FakeResolver resolver;
    ManualClock clock{Time{1'700'028'000s}};  // 06:00 UTC
    observe::MemoryLog log;
    observe::Metrics metrics;
    std::vector<std::pair<std::string, std::string>> posted;
    bool takes = true;
    std::unique_ptr<TlsReports> reports;
};

TEST_F(TlsReporting, ADaysReportGoesOutOnTheNextDayOnce) {
    resolver.add("_smtp._tls.example.com", dns::Type::txt,
                 dns::txt_rdata("v=TLSRPTv1; rua=mailto:tls@example.com"));
    reports->note(attempt("Example.com"));
    reports->note(attempt("example.com", "certificate-expired"));
    reports->note(attempt("silent.example"));
    send();
    EXPECT_TRUE(posted.empty()) << "the day is not over";
    clock.advance(24h);
    send();
    ASSERT_EQ(posted.size(), 1u);
    EXPECT_EQ(posted[0].first, "tls@example.com");
    EXPECT_EQ(reports->waiting(), 0u) << "silent.example does not want any";
    send();
    EXPECT_EQ(posted.size(), 1u);
}

TEST_F(TlsReporting, WaitsForItsTimeAfterMidnight) {
    resolver.add("_smtp._tls.example.com", dns::Type::txt,
                 dns::txt_rdata("v=TLSRPTv1; rua=mailto:tls@example.com"));
    reports->note(attempt("example.com"));
    const auto to_midnight = 24h - clock.now().time_since_epoch() % 24h;
    clock.advance(std::chrono::duration_cast<Time::duration>(to_midnight + 59min));
    send();
    EXPECT_TRUE(posted.empty());
    clock.advance(2min);
    send();
    EXPECT_EQ(posted.size(), 1u);
}

TEST_F(TlsReporting, AttemptsOutliveTheServer) {
    resolver.add("_smtp._tls.example.com", dns::Type::txt,
                 dns::txt_rdata("v=TLSRPTv1; rua=mailto:tls@example.com"));
    reports->note(attempt("example.com"));
    ASSERT_TRUE(reports->save());
    reports.reset();
    reports = make();
    reports->note(attempt("example.com"));
    ASSERT_TRUE(reports->save());
    clock.advance(24h);
    reports = make();
    EXPECT_EQ(reports->waiting(), 1u);
    send();
    ASSERT_EQ(posted.size(), 1u);
    reports = make();
    EXPECT_EQ(reports->waiting(), 0u);
}

TEST_F(TlsReporting, WhatCannotBeSentIsTriedForADayAndThenDropped) {
    resolver.set("_smtp._tls.example.com", dns::Type::txt, dns::Outcome::temporary);
    reports->note(attempt("example.com"));
    clock.advance(24h);
    send();
    EXPECT_EQ(reports->waiting(), 1u);
    resolver.remove("_smtp._tls.example.com", dns::Type::txt);
    resolver.add("_smtp._tls.example.com", dns::Type::txt,
                 dns::txt_rdata("v=TLSRPTv1; rua=mailto:tls@example.com"));
    takes = false;
    clock.advance(24h);
    send();
    EXPECT_EQ(posted.size(), 1u);
    EXPECT_EQ(reports->waiting(), 1u);
    clock.advance(24h);
    send();
    EXPECT_EQ(reports->waiting(), 0u);
    EXPECT_TRUE(log.contains("dropped"));
}

TEST_F(TlsReporting, ByHttpsIsAPost) {
    const std::string certificate = (folder.path() / "cert.pem").string();
    ASSERT_TRUE(net::write_self_signed_certificate(certificate, {"reports.example.com"}));
    net::TlsOptions tls;
    tls.cert_file = certificate;
    auto context_of_server = net::TlsContext::server(tls);
    std::string head, body;
    std::string answer = "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n";
    net::TestServer server{[&](std::unique_ptr<net::Stream> stream) -> net::Task<> {
        co_await stream->start_tls(context_of_server);
        std::size_t length = 0;
        head.clear();
        body.clear();
        while (true) {
            const net::Line line = co_await stream->read_line(1000);
            if (line.text.empty()) break;
            head.append(line.text).append("\n");
            if (line.text.starts_with("Content-Length: "))
                length = std::stoul(std::string{line.text.substr(16)});
        }
        co_await stream->read_exactly(body, length);
        stream->send(answer);
        co_await stream->flush();
        co_await stream->close();
    }};
    reports = make(certificate);
    resolver.add("reports.example.com", dns::Type::a, dns::address_rdata("127.0.0.1"));
    resolver.add("_smtp._tls.example.com", dns::Type::txt,
                 dns::txt_rdata(fmt::format("v=TLSRPTv1; rua=https://reports.example.com:{}/v1/tls",
                                            server.address().port)));
    reports->note(attempt("example.com"));
    clock.advance(24h);
    const std::string good = answer;
    answer = "HTTP/1.1 500 No\r\nContent-Length: 0\r\n\r\n";
    send();
    EXPECT_EQ(reports->waiting(), 1u);
    answer = good;
    send();
    EXPECT_EQ(reports->waiting(), 0u);
    EXPECT_TRUE(head.starts_with("POST /v1/tls HTTP/1.1\n")) << head;
    EXPECT_NE(head.find("Content-Type: application/tlsrpt+gzip\n"), std::string::npos);
    EXPECT_EQ(nlohmann::json::parse(gunzip(body))["policies"][0]["policy"]["policy-domain"], "example.com");
}

TEST_F(TlsReporting, IsBounded) {
    for (std::size_t i = 0; i < TlsReports::max_reports + 100; ++i)
        reports->note(attempt("d" + std::to_string(i) + ".example"));
    EXPECT_EQ(reports->waiting(), TlsReports::max_reports);
}

}  // namespace
}  // namespace postrider::relay
