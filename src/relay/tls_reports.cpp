#include "relay/tls_reports.h"

#include <fmt/core.h>

#include "base/codec.h"
#include "dns/names.h"
#include "dns/records.h"
#include "relay/https.h"

namespace postrider::relay {
namespace {

constexpr std::string_view prefix = "Tr", prefix_end = "Ts";
constexpr std::chrono::seconds one_day{86'400};
constexpr std::uint32_t days_tried = 2;  ///< a report of day n is dropped at the end of day n+2
constexpr std::size_t max_posted = 10 << 20;

std::string key_of(std::uint32_t day, std::string_view domain) {
    std::string key{prefix};
    put_be(key, day);
    return key.append(domain);
}

Time midnight(std::uint32_t day) {
    return Time{one_day * day};
}

}  // namespace

TlsReports::TlsReports(dns::Resolver& resolver, kv::Store& store, const Clock& clock, observe::Logger log,
                       observe::Metrics& metrics, TlsReportOptions options, Post post)
    : resolver_{resolver},
      store_{store},
      clock_{clock},
      log_{log},
      sent_{metrics.counter("tlsreports.sent", "TLS reports that were sent")},
      dropped_{metrics.counter("tlsreports.dropped", "TLS reports that could not be sent in time")},
      post_{std::move(post)} {
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

TlsReports::Day TlsReports::today() const {
    return static_cast<Day>(clock_.now().time_since_epoch() / one_day);
}

kv::Result<> TlsReports::load() {
    kv::Batch gone;
    std::lock_guard lock{mutex_};
    auto cursor = store_.scan(prefix, prefix_end, nullptr, kv::Access::many);
    for (; cursor->valid(); cursor->next()) {
        Decoder key{cursor->key().substr(prefix.size())};
        const Day day = key.be<std::uint32_t>();
        auto report = DomainReport::decode(cursor->value());
        if (key.ok() && report && reports_.size() < max_reports)
            reports_.emplace(Key{day, key.rest()}, std::move(*report));
        else
            gone.erase(cursor->key());
    }
    if (auto ok = cursor->status(); !ok) return ok;
    return gone.empty() ? kv::Result<>{} : store_.write(std::move(gone));
}

kv::Result<> TlsReports::save() {
    kv::Batch batch;
    std::set<Key> written;
    {
        std::lock_guard lock{mutex_};
        written.swap(changed_);
        for (const Key& key : written)
            if (auto at = reports_.find(key); at != reports_.end())
                batch.put(key_of(key.first, key.second), at->second.encode());
    }
    if (batch.empty()) return {};
    auto ok = store_.write(std::move(batch));
    if (!ok) {
        std::lock_guard lock{mutex_};
        changed_.merge(written);
    }
    return ok;
}

void TlsReports::note(const TlsAttempt& attempt) {
    auto domain = dns::canonical_name(attempt.domain);
    if (!domain || domain->empty()) return;
    const Key key{today(), std::move(*domain)};
    std::lock_guard lock{mutex_};
    auto at = reports_.find(key);
    if (at == reports_.end()) {
        if (reports_.size() >= max_reports) return;
        at = reports_.emplace(key, DomainReport{}).first;
    }
    at->second.add(attempt);
    changed_.insert(key);
}

std::size_t TlsReports::waiting() const {
    std::lock_guard lock{mutex_};
    return reports_.size();
}

std::optional<TlsReports::Key> TlsReports::next_due(const Key& after) const {
    std::lock_guard lock{mutex_};
    auto at = reports_.upper_bound(after);
    if (at == reports_.end() || at->first.first >= today()) return std::nullopt;
    if (clock_.now() < midnight(at->first.first + 1) + options_.delay) return std::nullopt;
    return at->first;
}

void TlsReports::forget(const Key& key) {
    kv::Batch batch;
    batch.erase(key_of(key.first, key.second));
    {
        std::lock_guard lock{mutex_};
        reports_.erase(key);
        changed_.erase(key);
    }
    if (auto ok = store_.write(std::move(batch)); !ok)
        log_.error({}, "The TLS report for {} may be sent twice: {}", key.second, ok.error().what);
}

net::Task<> TlsReports::send_due() {
    {
        std::lock_guard lock{mutex_};
        if (sending_) co_return;
        sending_ = true;
    }
    Key at{};
    while (auto due = next_due(at)) {
        at = *due;
        DomainReport report;
        {
            std::lock_guard lock{mutex_};
            report = reports_[at];
        }
        const Sent sent = co_await send(at, std::move(report));
        const bool late = today() > at.first + days_tried;
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
    {
        std::lock_guard lock{mutex_};
        facts.organization = options_.organization.empty() ? options_.submitter : options_.organization;
        facts.contact = options_.from;
        facts.submitter = options_.submitter;
    }
    facts.domain = key.second;
    facts.begin = midnight(key.first);
    facts.id = fmt::format("tls-{}-{}@{}", key.first, key.second, facts.submitter);
    const std::string gzipped = gzip(report_json(report, facts));
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
