#pragma once

#include <functional>
#include <mutex>
#include <string>

#include "base/clock.h"
#include "dns/resolver.h"
#include "kv/daily.h"
#include "net/pools.h"
#include "net/tls.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "relay/tls_report.h"

namespace postrider::relay {

struct TlsReportOptions {
    std::string organization;       ///< "" = the host's name
    std::string submitter;          ///< our host name
    std::string from;               ///< address: sender and contact
    std::string ca_file;            ///< for https:; "" = the system's authorities
    std::chrono::seconds delay{0};  ///< after midnight UTC, so that not all servers report at once (§4.1)
};

/// Counts how TLS went, by domain and UTC day, and tells those domains that ask for it (RFC 8460). Attempts
/// are on disk within a minute (save()); a day's report is sent on the next day, tried again until the day
/// after that, and then dropped. At most 20,000 reports wait; further domains of a day are not counted.
/// Thread-safe.
class TlsReports final : public TlsAttempts {
public:
    static constexpr std::size_t max_reports = 20'000;

    /// Takes responsibility for a message (delivery::post_own); blocks.
    using Post = std::function<bool(const std::string& to, std::string message)>;

    TlsReports(dns::Resolver& resolver, kv::Store& store, const Clock& clock, observe::Logger log,
               observe::Metrics& metrics, TlsReportOptions options, Post post);
    ~TlsReports() override = default;

    kv::Result<> load() { return reports_.load(); }  ///< what an earlier run has left; blocks
    kv::Result<> save() { return reports_.save(); }  ///< what has been noted since; blocks
    void configure(TlsReportOptions options);

    void note(const TlsAttempt& attempt) override;

    /// Sends what is due. To be called every few minutes.
    net::Task<> send_due();

    std::size_t waiting() const { return reports_.size(); }

private:
    using Reports = kv::Daily<DomainReport>;
    using Key = Reports::Key;
    enum class Sent : std::uint8_t { done, not_wanted, later };

    TlsReportOptions options() const;
    net::Task<Sent> send(Key key, DomainReport report);
    net::Task<bool> send_to(ReportAddress address, ReportFacts facts, std::string gzipped);
    void forget(const Key& key);

    dns::Resolver& resolver_;
    const Clock& clock_;
    observe::Logger log_;
    observe::Counter &sent_, &dropped_;
    Post post_;
    mutable std::mutex mutex_;
    TlsReportOptions options_;
    std::shared_ptr<const net::TlsContext> tls_;
    Reports reports_;
    bool sending_ = false;
    net::WorkerPool workers_{1, 100};
};

}  // namespace postrider::relay
