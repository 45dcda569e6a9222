#include "relay/tls_reports.h"

#include <fmt/core.h>

#include "dns/names.h"
#include "dns/records.h"
#include "relay/https.h"
#include "text/gzip.h"

namespace postrider::relay {
namespace {

constexpr std::uint32_t days_tried = 2;  ///< a report of day n is dropped at the end of day n+2
constexpr std::size_t max_posted = 10 << 20;

}  // namespace

TlsReports::TlsReports(dns::Resolver& resolver, kv::Store& store, const Clock& clock, observe::Logger log,
                       observe::Metrics& metrics, TlsReportOptions options, Post post)
    : resolver_{resolver},
      clock_{clock},
      log_{log},
      sent_{metrics.counter("tlsreports.sent", "TLS reports that were sent")},
      dropped_{metrics.counter("tlsreports.dropped", "TLS reports that could not be sent in time")},
      post_{std::move(post)},
      reports_{store, clock, "Tr", max_reports} {
    configure(std::move(options));
}

void TlsReports::configure(TlsReportOptions options) {
    net::TlsOptions tls;
    tls.ca_file = options.ca_file;
    auto context = net::TlsContext::client(tls, net::TlsOptions::Verify::yes);
    std::lock_guard lock{mutex_};
    options_ = std::move(options);
    tls_ = std::move(context);
}

TlsReportOptions TlsReports::options() const {
    std::lock_guard lock{mutex_};
    return options_;
}

void TlsReports::note(const TlsAttempt& attempt) {
    auto domain = dns::canonical_name(attempt.domain);
    if (!domain || domain->empty()) return;
    reports_.note(std::move(*domain), [&](DomainReport& report) { report.add(attempt); });
}

void TlsReports::forget(const Key& key) {
    if (auto ok = reports_.forget(key); !ok)
        log_.error({}, "The TLS report for {} may be sent twice: {}", key.second, ok.error().what);
}

net::Task<> TlsReports::send_due() {
    {
        std::lock_guard lock{mutex_};
        if (sending_) co_return;
        sending_ = true;
    }
    Key at{};
    while (auto due = reports_.next_due(at, options().delay)) {
        at = std::move(due->first);
        const Sent sent = co_await send(at, std::move(due->second));
        const bool late = reports_.today() > at.first + days_tried;
        if (sent == Sent::done) sent_.add();
        if (sent == Sent::later && late) {
            dropped_.add();
            log_.warning({}, "The TLS report for {} could not be sent and is dropped", at.second);
        }
        if (sent == Sent::later && !late) continue;
        auto erase = [this, at] { forget(at); };
        co_await workers_.run(std::move(erase));
    }
    std::lock_guard lock{mutex_};
    sending_ = false;
}

net::Task<TlsReports::Sent> TlsReports::send(Key key, DomainReport report) {
    const dns::Answer answer = co_await resolver_.query("_smtp._tls." + key.second, dns::Type::txt);
    if (answer.outcome == dns::Outcome::temporary || answer.outcome == dns::Outcome::bogus)
        co_return Sent::later;
    std::vector<std::string> texts;
    for (const std::string& record : answer.records)
        if (auto text = dns::parse_txt(record)) texts.push_back(std::move(*text));
    const auto addresses = report_addresses(texts);
    if (addresses.empty()) co_return Sent::not_wanted;

    ReportFacts facts;
    const TlsReportOptions now = options();
    facts.organization = now.organization.empty() ? now.submitter : now.organization;
    facts.contact = now.from;
    facts.submitter = now.submitter;
    facts.domain = key.second;
    facts.begin = Reports::midnight(key.first);
    facts.id = fmt::format("tls-{}-{}@{}", key.first, key.second, facts.submitter);
    const std::string gzipped = text::gzip(report_json(report, facts));
    // §3: one address that takes it is enough; they are tried in order.
    for (const ReportAddress& address : addresses) {
        const bool taken = co_await send_to(address, facts, gzipped);
        if (!taken) continue;
        log_.info({}, "TLS report for {} sent to {}", key.second, address.uri);
        co_return Sent::done;
    }
    co_return Sent::later;
}

net::Task<bool> TlsReports::send_to(ReportAddress address, ReportFacts facts, std::string gzipped) {
    if (!address.https) {
        auto post = [this, &address, &facts, &gzipped] {
            return post_(address.mailbox,
                         report_message(gzipped, facts, facts.contact, address.mailbox, clock_.now()));
        };
        const bool posted = co_await workers_.run(std::move(post));
        co_return posted;
    }
    if (gzipped.size() > max_posted) co_return false;
    HttpsRequest request;
    request.method = "POST";
    request.host = address.host;
    request.port = address.port;
    request.target = address.target;
    request.content_type = "application/tlsrpt+gzip";
    request.body = std::move(gzipped);
    {
        std::lock_guard lock{mutex_};
        request.tls = tls_;
    }
    const auto reply = co_await https(resolver_, std::move(request));
    if (reply && reply->status / 100 == 2) co_return true;
    const std::string why = reply ? fmt::format("the answer is {}", reply->status) : reply.error().what;
    log_.warning({}, "TLS report for {} to {}: {}", facts.domain, address.uri, why);
    co_return false;
}

}  // namespace postrider::relay
