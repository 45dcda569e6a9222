#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "relay/tls_policy.h"

/// TLS reports (RFC 8460) as values: what a day's attempts add up to, and its text. Pure functions.
namespace postrider::relay {

/// Where a domain wants its reports: rua of the TXT records at _smtp._tls (§3).
struct ReportAddress {
    bool https = false;
    std::string mailbox;  ///< of mailto:, "reports@example.com"
    std::string host;     ///< of https:
    std::uint16_t port = 443;
    std::string target;
    std::string uri;
    friend bool operator==(const ReportAddress&, const ReportAddress&) = default;
};
/// None if not exactly one of the texts is a record of this version. URIs that we cannot use are left out; at
/// most ten are taken.
std::vector<ReportAddress> report_addresses(std::span<const std::string> texts);

/// Failures of one kind with one host.
struct TlsFailures {
    std::string result, mx_host, sending_ip, receiving_ip, helo, reason;
    std::uint64_t count = 0;
    bool same_kind(const TlsFailures& other) const;
};

/// A day's attempts under one policy.
struct PolicyReport {
    TlsAttempt::Policy policy = TlsAttempt::Policy::none;
    std::vector<std::string> policy_text, mx_patterns;
    std::uint64_t successes = 0, failures = 0;
    std::vector<TlsFailures> details;
};

/// A day's attempts with one domain. Bounds: 8 policies (further attempts count under the last), 50 kinds of
/// failure each (further ones count in the sum), texts of 512 octets, 100 lines of a policy.
struct DomainReport {
    std::vector<PolicyReport> policies;

    void add(const TlsAttempt& attempt);
    std::string encode() const;
    static std::optional<DomainReport> decode(std::string_view record);
};

struct ReportFacts {
    std::string organization;  ///< whose report it is
    std::string contact;       ///< address
    std::string submitter;     ///< our host name
    std::string domain;        ///< whom it is about
    std::string id;            ///< unique
    Time begin{};              ///< 00:00 UTC of the day
};

/// §4.4.
std::string report_json(const DomainReport& report, const ReportFacts& facts);
/// §5.1: "submitter!domain!begin!end!id.json.gz", for the attachment.
std::string report_file_name(const ReportFacts& facts);
/// §5.3: the whole message with CRLF line ends.
std::string report_message(std::string_view gzipped, const ReportFacts& facts, std::string_view from,
                           std::string_view to, Time now);

}  // namespace postrider::relay
