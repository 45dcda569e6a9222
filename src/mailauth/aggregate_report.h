#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "mailauth/dmarc.h"

/// DMARC aggregate reports: what others have seen of a domain's mail (RFC 7489 appendix C, RFC 9990).
namespace postrider::mailauth {

struct AggregateDkim {
    std::string domain, selector, result, human_result;
    friend bool operator==(const AggregateDkim&, const AggregateDkim&) = default;
};
struct AggregateSpf {
    std::string domain, scope, result, human_result;
    friend bool operator==(const AggregateSpf&, const AggregateSpf&) = default;
};
struct AggregateReason {
    std::string type, comment;  ///< "local_policy", "mailing_list", "policy_test_mode", ...
    friend bool operator==(const AggregateReason&, const AggregateReason&) = default;
};

/// Messages of one source that went the same way.
struct AggregateRow {
    std::string source_ip;
    std::uint64_t count = 0;
    std::string disposition;                         ///< "none", "pass", "quarantine", "reject"
    bool dkim_aligned = false, spf_aligned = false;  ///< policy_evaluated
    std::vector<AggregateReason> reasons;
    std::string header_from, envelope_from, envelope_to;
    std::vector<AggregateDkim> dkim;
    std::vector<AggregateSpf> spf;
    friend bool operator==(const AggregateRow&, const AggregateRow&) = default;
};

struct AggregateReport {
    std::string version;  ///< "" as some leave it out
    std::string organization, email, extra_contact, report_id, generator;
    std::vector<std::string> errors;
    std::int64_t begin = 0, end = 0;                             ///< seconds since 1970
    std::string domain;                                          ///< policy_published: where the record is
    std::string p, sp, np, adkim, aspf, fo, testing, discovery;  ///< as written; "" = absent
    std::optional<unsigned> percent;
    std::vector<AggregateRow> rows;
    friend bool operator==(const AggregateReport&, const AggregateReport&) = default;
};

/// The XML of RFC 9990, which readers of RFC 7489's can read too. Octets that XML cannot have become U+FFFD.
std::string aggregate_xml(const AggregateReport& report);

struct AggregateLimits {
    std::size_t octets = 32u << 20;  ///< of the XML, unpacked
    std::size_t rows = 50'000;
    std::size_t text = 2000;    ///< octets kept of one element
    std::size_t per_row = 100;  ///< DKIM results, SPF results, reasons kept of one row
};

/// Reads XML, also in gzip or zip. What is unknown is passed over; a report without its id, domain or dates,
/// or with a document type, is refused. The error is for people.
std::expected<AggregateReport, std::string> read_aggregate(std::string_view octets,
                                                           const AggregateLimits& limits = {});

/// What find_aggregate() says of a message that is about something else.
inline constexpr std::string_view no_report_in_it = "the message has no report in it";

/// The report in a message: of the first part that is one. The error is that of the last part that might
/// have been.
std::expected<AggregateReport, std::string> find_aggregate(std::string_view message,
                                                           const AggregateLimits& limits = {});

}  // namespace postrider::mailauth
