#include <fmt/chrono.h>
#include <fmt/core.h>

#include <nlohmann/json.hpp>
#include <stdexcept>

#include "mime/date.h"
#include "relay/tls_report.h"
#include "text/base64.h"

namespace postrider::relay {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::chrono::seconds day{86'400};

std::string rfc3339(Time time) {
    return fmt::format("{:%Y-%m-%dT%H:%M:%SZ}", fmt::gmtime(std::chrono::system_clock::to_time_t(time)));
}

std::string_view policy_type(TlsAttempt::Policy policy) {
    switch (policy) {
        case TlsAttempt::Policy::none: return "no-policy-found";
        case TlsAttempt::Policy::sts: return "sts";
        case TlsAttempt::Policy::dane: return "tlsa";
    }
    return "";
}

void put(Json& into, const char* name, const std::string& text) {
    if (!text.empty()) into[name] = text;
}

Json policy_json(const PolicyReport& report, const std::string& domain) {
    Json policy{{"policy-type", policy_type(report.policy)}};
    if (!report.policy_text.empty()) policy["policy-string"] = report.policy_text;
    policy["policy-domain"] = domain;
    if (!report.mx_patterns.empty()) policy["mx-host"] = report.mx_patterns;
    Json out{{"policy", std::move(policy)},
             {"summary",
              {{"total-successful-session-count", report.successes},
               {"total-failure-session-count", report.failures}}}};
    for (const TlsFailures& one : report.details) {
        Json detail{{"result-type", one.result}};
        put(detail, "sending-mta-ip", one.sending_ip);
        put(detail, "receiving-mx-hostname", one.mx_host);
        put(detail, "receiving-mx-helo", one.helo);
        put(detail, "receiving-ip", one.receiving_ip);
        detail["failed-session-count"] = one.count;
        put(detail, "failure-reason-code", one.reason);
        out["failure-details"].push_back(std::move(detail));
    }
    return out;
}

}  // namespace

std::string report_json(const DomainReport& report, const ReportFacts& facts) {
    Json policies = Json::array();
    for (const PolicyReport& one : report.policies) policies.push_back(policy_json(one, facts.domain));
    const Json out{{"organization-name", facts.organization},
                   {"date-range",
                    {{"start-datetime", rfc3339(facts.begin)},
                     {"end-datetime", rfc3339(facts.begin + day - std::chrono::seconds{1})}}},
                   {"contact-info", facts.contact},
                   {"report-id", facts.id},
                   {"policies", std::move(policies)}};
    // What hosts have said may be any octets.
    return out.dump(-1, ' ', false, Json::error_handler_t::replace);
}

std::string report_file_name(const ReportFacts& facts) {
    const auto begin = std::chrono::system_clock::to_time_t(facts.begin);
    std::string id;
    for (const char c : facts.id.substr(0, facts.id.find('@')))
        if (c != '!' && c != '"' && c != '\\') id += c;
    return fmt::format("{}!{}!{}!{}!{}.json.gz", facts.submitter, facts.domain, begin, begin + 86'399, id);
}

std::string report_message(std::string_view gzipped, const ReportFacts& facts, std::string_view from,
                           std::string_view to, Time now) {
    const std::string boundary = fmt::format("=_{}", facts.id.substr(0, facts.id.find('@')));
    const std::string date = mime::format_date(mime::in_zone(now));
    // TLS-Required (RFC 8689 §5): reports must arrive where TLS fails, too (RFC 8460 §3).
    return fmt::format(
               "From: <{0}>\r\nTo: <{1}>\r\nDate: {2}\r\nMessage-ID: <{3}>\r\n"
               "Subject: Report Domain: {4} Submitter: {5} Report-ID: <{3}>\r\n"
               "TLS-Report-Domain: {4}\r\nTLS-Report-Submitter: {5}\r\nTLS-Required: No\r\n"
               "Auto-Submitted: auto-generated\r\nMIME-Version: 1.0\r\n"
               "Content-Type: multipart/report; report-type=\"tlsrpt\"; boundary=\"{6}\"\r\n\r\n",
               from, to, date, facts.id, facts.domain, facts.submitter, boundary)
           + fmt::format(
               "--{0}\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n"
               "This is an aggregate TLS report from {1} about mail to {2}\r\non {3:%Y-%m-%d} (UTC).\r\n\r\n"
               "--{0}\r\nContent-Type: application/tlsrpt+gzip\r\nContent-Transfer-Encoding: base64\r\n"
               "Content-Disposition: attachment;\r\n filename=\"{4}\"\r\n\r\n{5}--{0}--\r\n",
               boundary, facts.submitter, facts.domain,
               fmt::gmtime(std::chrono::system_clock::to_time_t(facts.begin)), report_file_name(facts),
               text::encode_base64_lines(gzipped));
}

}  // namespace postrider::relay
