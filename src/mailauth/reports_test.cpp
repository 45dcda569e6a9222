#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "mailauth/aggregate_report.h"
#include "mailauth/feedback_report.h"
#include "mailauth/test_mail.h"
#include "mime/header.h"
#include "text/ascii.h"
#include "text/gzip.h"

namespace postrider::mailauth {
namespace {

using nlohmann::json;
const std::filesystem::path data = TESTDATA "/reports";

std::string lower(const json& value) {
    return value.is_null() ? "" : text::to_lower(value.get<std::string>());
}

/// Theirs have words of their own: "Unspecified" for what is absent, "Relaxed" for r.
std::string word_of(const json& value) {
    const std::string word = lower(value);
    if (word == "unspecified") return "";
    if (word == "relaxed") return "r";
    if (word == "strict") return "s";
    if (word == "mailfrom") return "mfrom";
    return word;
}

void expect_same(const AggregateReport& report, const json& theirs, const std::string& name) {
    EXPECT_EQ(report.organization, theirs["report_metadata"]["org_name"]) << name;
    EXPECT_EQ(report.email, theirs["report_metadata"]["email"]) << name;
    EXPECT_EQ(report.report_id, theirs["report_metadata"]["report_id"]) << name;
    EXPECT_EQ(report.begin, theirs["report_metadata"]["date_range"]["begin"]) << name;
    EXPECT_EQ(report.end, theirs["report_metadata"]["date_range"]["end"]) << name;
    EXPECT_EQ(report.domain, theirs["policy_published"]["domain"]) << name;
    EXPECT_EQ(report.p, word_of(theirs["policy_published"]["p"])) << name;
    EXPECT_EQ(report.sp, word_of(theirs["policy_published"]["sp"])) << name;
    EXPECT_EQ(report.adkim, word_of(theirs["policy_published"]["adkim"])) << name;
    ASSERT_EQ(report.rows.size(), theirs["record"].size()) << name;
    for (std::size_t i = 0; i < report.rows.size(); ++i) {
        const AggregateRow& row = report.rows[i];
        const json& their = theirs["record"][i];
        EXPECT_EQ(row.source_ip, their["row"]["source_ip"]);
        EXPECT_EQ(row.count, their["row"]["count"]);
        EXPECT_EQ(row.disposition, word_of(their["row"]["policy_evaluated"]["disposition"]));
        EXPECT_EQ(row.dkim_aligned, their["row"]["policy_evaluated"]["dkim"] == "Pass");
        EXPECT_EQ(row.spf_aligned, their["row"]["policy_evaluated"]["spf"] == "Pass");
        EXPECT_EQ(row.reasons.size(), their["row"]["policy_evaluated"]["reason"].size());
        EXPECT_EQ(row.header_from, their["identifiers"]["header_from"]);
        EXPECT_EQ(row.envelope_from, their["identifiers"]["envelope_from"]);
        ASSERT_EQ(row.dkim.size(), their["auth_results"]["dkim"].size());
        for (std::size_t k = 0; k < row.dkim.size(); ++k) {
            EXPECT_EQ(row.dkim[k].domain, their["auth_results"]["dkim"][k]["domain"]);
            EXPECT_EQ(row.dkim[k].selector, their["auth_results"]["dkim"][k]["selector"]);
            EXPECT_EQ(row.dkim[k].result, word_of(their["auth_results"]["dkim"][k]["result"]));
        }
        ASSERT_EQ(row.spf.size(), their["auth_results"]["spf"].size());
        for (std::size_t k = 0; k < row.spf.size(); ++k) {
            EXPECT_EQ(row.spf[k].domain, their["auth_results"]["spf"][k]["domain"]);
            EXPECT_EQ(row.spf[k].result, word_of(their["auth_results"]["spf"][k]["result"]));
        }
    }
}

TEST(AggregateReports, ReadWhatMailAuthReads) {
    for (std::string name : {"001", "003", "005"}) {
        auto report = read_aggregate(read_file(data / "dmarc-feedback" / (name + ".xml")));
        ASSERT_TRUE(report) << name << report.error();
        expect_same(*report, json::parse(read_file(data / "dmarc-feedback" / (name + ".json"))), name);
        EXPECT_EQ(read_aggregate(text::gzip(aggregate_xml(*report))).value(), *report) << name;
    }
    for (std::string name : {"101", "103"}) {
        auto report = find_aggregate(crlf(read_file(data / "dmarc-feedback" / (name + ".eml"))));
        ASSERT_TRUE(report) << name << report.error();
        expect_same(*report, json::parse(read_file(data / "dmarc-feedback" / (name + ".json"))), name);
    }
}

TEST(AggregateReports, BombsAreRefused) {
    const std::string small = text::gzip(std::string(64u << 20, ' '));
    EXPECT_EQ(read_aggregate(small).error(), "the report is too big");
    const std::string lol =
        "<?xml version=\"1.0\"?><!DOCTYPE lolz [<!ENTITY lol \"lol\"><!ENTITY lol2 "
        "\"&lol;&lol;\">]><feedback>&lol2;</feedback>";
    EXPECT_EQ(read_aggregate(lol).error(), "the report has a document type");
    std::string deep;
    for (int i = 0; i < 100'000; ++i) deep += "<feedback>";
    EXPECT_EQ(read_aggregate(deep).error(), "the report nests too deep");
    std::string rows = "<feedback>";
    for (int i = 0; i < 20; ++i) rows += "<record></record>";
    AggregateLimits limits;
    limits.rows = 10;
    EXPECT_EQ(read_aggregate(rows, limits).error(), "the report has too many rows");
    EXPECT_FALSE(read_aggregate("PK\x03\x04"));
    EXPECT_FALSE(read_aggregate("\x1f\x8b\x08"));
    EXPECT_FALSE(read_aggregate(""));
    EXPECT_FALSE(read_aggregate("<html></html>"));
}

TEST(AggregateReports, WhatOthersSayCannotBreakTheXml) {
    AggregateReport report;
    report.report_id = "1";
    report.domain = "example.com";
    report.end = 5;
    report.organization = "a<b>&\x01\xff\"";
    report.rows.emplace_back();
    report.rows[0].dkim.push_back({"x</domain>", "s", "pass", ""});
    auto again = read_aggregate(aggregate_xml(report));
    ASSERT_TRUE(again) << again.error();
    EXPECT_EQ(again->organization, "a<b>&\xef\xbf\xbd\xef\xbf\xbd\"");
    EXPECT_EQ(again->rows[0].dkim[0].domain, "x</domain>");
}

TEST(FeedbackReports, ReadWhatMailAuthReads) {
    for (std::string name : {"001", "003", "005"}) {
        auto report = parse_feedback(crlf(read_file(data / "arf" / (name + ".eml"))));
        ASSERT_TRUE(report) << name;
        const json theirs = json::parse(read_file(data / "arf" / (name + ".json")));
        auto same = [&](const std::string& ours, const char* field) {
            std::string expected = theirs[field].is_null() ? "" : theirs[field].get<std::string>();
            std::string unfolded;
            for (char c : mime::unfold(expected)) unfolded += c;
            EXPECT_EQ(ours, mime::unfold(crlf(expected))) << name << ' ' << field;
        };
        std::string type = lower(theirs["feedback_type"]);
        EXPECT_EQ(report->type, type == "authfailure" ? "auth-failure" : type);
        same(report->user_agent, "user_agent");
        same(report->original_mail_from, "original_mail_from");
        same(report->original_envelope_id, "original_envelope_id");
        same(report->source_ip, "source_ip");
        same(report->dkim_domain, "dkim_domain");
        same(report->dkim_identity, "dkim_identity");
        same(report->dkim_selector, "dkim_selector");
        same(report->dkim_canonicalized_body, "dkim_canonicalized_body");
        EXPECT_EQ(report->auth_failure, word_of(theirs["auth_failure"]));
        EXPECT_EQ(report->incidents, theirs["incidents"]);
        EXPECT_EQ(report->reported_domain, theirs["reported_domain"].get<std::vector<std::string>>());
        EXPECT_EQ(report->reported_uri, theirs["reported_uri"].get<std::vector<std::string>>());
        EXPECT_EQ(report->arrival.has_value(), !theirs["arrival_date"].is_null());
        if (report->arrival) {
            EXPECT_EQ(*report->arrival, theirs["arrival_date"]);
        }
        EXPECT_FALSE(report->original.empty());
    }
    EXPECT_FALSE(parse_feedback("Subject: x\r\n\r\nhello\r\n"));
}

}  // namespace
}  // namespace postrider::mailauth
