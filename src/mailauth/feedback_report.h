#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Abuse and authentication failure reports about single messages (RFC 5965, RFC 6591).
namespace postrider::mailauth {

struct FeedbackReport {
    std::string type;  ///< "abuse", "auth-failure", ..., lower case
    std::string user_agent, version;
    std::string original_mail_from, original_envelope_id, reporting_mta, source_ip;
    std::vector<std::string> original_rcpt_to, authentication_results, reported_domain, reported_uri;
    std::optional<std::int64_t> arrival;  ///< seconds since 1970
    std::uint64_t incidents = 1;
    std::string auth_failure, delivery_result, identity_alignment;  ///< RFC 6591, RFC 7489; lower case
    std::string dkim_domain, dkim_identity, dkim_selector, dkim_selector_dns, dkim_canonicalized_header,
        dkim_canonicalized_body, spf_dns;
    std::string original;  ///< the message or its header that it is about, as it was attached; "" without
    friend bool operator==(const FeedbackReport&, const FeedbackReport&) = default;
};

constexpr std::size_t max_feedback_fields = 200;
constexpr std::size_t max_feedback_original = 1u << 20;  ///< octets kept of the original

/// The report in a multipart/report of type feedback-report. nullopt when there is none, or it lacks
/// Feedback-Type (§3.1; User-Agent and Version are forgiven).
std::optional<FeedbackReport> parse_feedback(std::string_view message);

}  // namespace postrider::mailauth
