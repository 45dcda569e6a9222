#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "mailauth/aggregate_report.h"
#include "mailauth/message_authentication.h"

/// What a day's mail of one policy domain adds up to, and the message that tells the domain. Pure functions.
namespace postrider::filter {

/// Why a message went another way than its domain asked for (RFC 9990 §3.1.6).
struct DmarcOverride {
    std::string type;  ///< "local_policy", "trusted_forwarder", "mailing_list", "policy_test_mode", "other";
                       ///< "" = none
    std::string comment;
};

/// Messages of one UTC day under one policy record. Bounds: 500 kinds of message (further ones count in
/// `uncounted`), 10 signatures of each, texts of 255 octets.
struct DayReport {
    static constexpr std::size_t max_rows = 500;

    std::string p, sp, np, adkim, aspf, fo, testing, discovery;  ///< as of the last message
    std::vector<std::string> rua;
    std::vector<mailauth::AggregateRow> rows;
    std::uint64_t uncounted = 0;

    /// @param applied  what was done with the message
    void add(const mailauth::MessageAuthentication& result, mailauth::DmarcPolicy applied,
             const DmarcOverride& because);
    std::string encode() const;
    static std::optional<DayReport> decode(std::string_view record);
};

struct DmarcReportFacts {
    std::string organization;  ///< whose report it is
    std::string contact;       ///< address
    std::string submitter;     ///< our host name
    std::string domain;        ///< of the policy
    std::string id;            ///< unique
    Time begin{};              ///< 00:00 UTC of the day
};

mailauth::AggregateReport aggregate_of(const DayReport& report, const DmarcReportFacts& facts);
/// RFC 9990 §3.5.2: "submitter!domain!begin!end!id.xml.gz".
std::string dmarc_report_file(const DmarcReportFacts& facts);
/// The whole message with CRLF line ends.
std::string dmarc_report_message(std::string_view gzipped, const DmarcReportFacts& facts, std::string_view to,
                                 Time now);

/// An address that wants reports.
struct DmarcAddress {
    std::string mailbox;    ///< "reports@example.com"
    std::string domain;     ///< of the mailbox: A-labels, lower case
    bool external = false;  ///< another organization's: it has to agree (RFC 9990 §4)
};
/// The mailto: URIs among them, at most ten.
std::vector<DmarcAddress> dmarc_addresses(const std::vector<std::string>& rua,
                                          std::string_view policy_domain);

}  // namespace postrider::filter
