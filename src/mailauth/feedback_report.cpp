#include "mailauth/feedback_report.h"

#include <charconv>

#include "mime/date.h"
#include "mime/description.h"
#include "mime/header.h"
#include "text/ascii.h"

namespace postrider::mailauth {
namespace {

constexpr std::size_t max_list = 50;
constexpr std::size_t max_value = 10'000;

void read_fields(std::string_view block, FeedbackReport& report) {
    using R = FeedbackReport;
    struct Text {
        std::string_view name;
        std::string R::*field;
    };
    struct List {
        std::string_view name;
        std::vector<std::string> R::*field;
    };
    constexpr Text texts[] = {
        {"User-Agent", &R::user_agent},
        {"Version", &R::version},
        {"Original-Mail-From", &R::original_mail_from},
        {"Original-Envelope-Id", &R::original_envelope_id},
        {"Reporting-MTA", &R::reporting_mta},
        {"Source-IP", &R::source_ip},
        {"DKIM-Domain", &R::dkim_domain},
        {"DKIM-Identity", &R::dkim_identity},
        {"DKIM-Selector", &R::dkim_selector},
        {"DKIM-Selector-DNS", &R::dkim_selector_dns},
        {"DKIM-Canonicalized-Header", &R::dkim_canonicalized_header},
        {"DKIM-Canonicalized-Body", &R::dkim_canonicalized_body},
        {"SPF-DNS", &R::spf_dns},
    };
    constexpr Text words[] = {
        {"Feedback-Type", &R::type},
        {"Auth-Failure", &R::auth_failure},
        {"Delivery-Result", &R::delivery_result},
        {"Identity-Alignment", &R::identity_alignment},
    };
    constexpr List lists[] = {
        {"Original-Rcpt-To", &R::original_rcpt_to},
        {"Authentication-Results", &R::authentication_results},
        {"Reported-Domain", &R::reported_domain},
        {"Reported-URI", &R::reported_uri},
    };
    mime::HeaderReader reader{block};
    std::size_t count = 0;
    for (mime::Field field; count < max_feedback_fields && reader.next(field); ++count) {
        const std::string value = mime::unfold(field.value).substr(0, max_value);
        for (const Text& one : texts)
            if (text::equal_ci(field.name, one.name)) report.*one.field = value;
        for (const Text& one : words)
            if (text::equal_ci(field.name, one.name)) report.*one.field = text::to_lower(value);
        for (const List& one : lists)
            if (text::equal_ci(field.name, one.name) && (report.*one.field).size() < max_list)
                (report.*one.field).push_back(value);
        if (text::equal_ci(field.name, "Arrival-Date") || text::equal_ci(field.name, "Received-Date")) {
            if (auto date = mime::parse_date(value)) report.arrival = date->seconds;
        } else if (text::equal_ci(field.name, "Incidents")) {
            std::uint64_t number = 0;
            if (std::from_chars(value.data(), value.data() + value.size(), number).ec == std::errc{})
                report.incidents = number;
        }
    }
}

}  // namespace

std::optional<FeedbackReport> parse_feedback(std::string_view message) {
    const mime::Description description = mime::describe(message);
    FeedbackReport report;
    bool original = false;
    for (const mime::Part& part : description.parts) {
        const std::string_view body = message.substr(part.body_begin, part.body_end - part.body_begin);
        if (part.type == "message/feedback-report" && report.type.empty()) {
            read_fields(body, report);
        } else if (!report.type.empty() && !original
                   && (part.type == "message/rfc822" || part.type == "text/rfc822-headers"
                       || part.type == "message/global" || part.type == "message/global-headers")) {
            original = true;
            report.original = body.substr(0, max_feedback_original);
        }
    }
    if (report.type.empty()) return std::nullopt;
    return report;
}

}  // namespace postrider::mailauth
