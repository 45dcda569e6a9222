#include "mailauth/aggregate_report.h"
#include "mailauth/feedback_report.h"
#include "mailauth/fuzz_dns.h"
#include "mailauth/unpack.h"
#include "text/gzip.h"

using namespace postrider::mailauth;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view octets{reinterpret_cast<const char*>(data), size};
    AggregateLimits limits;
    limits.octets = 1u << 20;
    limits.rows = 100;
    if (auto plain = unpack(octets, limits.octets)) require(plain->size() <= limits.octets);
    if (auto report = read_aggregate(octets, limits)) {
        require(report->rows.size() <= limits.rows && report->report_id.size() <= limits.text);
        for (const AggregateRow& row : report->rows)
            require(row.dkim.size() <= limits.per_row && row.spf.size() <= limits.per_row);
        auto again = read_aggregate(postrider::text::gzip(aggregate_xml(*report)));
        require(again.has_value() && again->rows.size() == report->rows.size()
                && again->domain == report->domain);
    }
    (void)find_aggregate(octets, limits);
    if (auto report = parse_feedback(octets)) require(report->original.size() <= max_feedback_original);
    return 0;
}
