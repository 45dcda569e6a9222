#pragma once

#include <functional>
#include <mutex>
#include <string>

#include "base/clock.h"
#include "dns/resolver.h"
#include "filter/dmarc/day_report.h"
#include "filter/dmarc/failure_report.h"
#include "kv/daily.h"
#include "observe/log.h"
#include "observe/metrics.h"

namespace postrider::filter {

/// Who wants to know what DMARC has found out.
class DmarcResults {
public:
    virtual ~DmarcResults() = default;
    /// One message that was taken or refused at its end. Thread-safe, does not block.
    virtual void note(const mailauth::MessageAuthentication& result, mailauth::DmarcPolicy applied,
                      const DmarcOverride& because, std::string_view message) = 0;
};

struct DmarcReportOptions {
    bool send = true;
    bool failures = false;          ///< single failures too, where a domain asks for that
    std::string organization;       ///< "" = our host name
    std::string submitter;          ///< our host name
    std::string from;               ///< address: sender and contact
    std::chrono::seconds delay{0};  ///< after midnight UTC, so that not all servers report at once
};

/// Counts messages by policy domain and UTC day, and tells those domains that ask for it (rua) once a day.
/// What was noted is on disk after save(); a day's report is sent on the next day, tried again until the day
/// after that, and then dropped. At most 10,000 reports wait; further domains of a day are not counted.
/// Thread-safe.
class DmarcReports final : public DmarcResults {
public:
    static constexpr std::size_t max_reports = 10'000;

    /// Takes responsibility for a message; blocks.
    using Post = std::function<bool(const std::string& to, std::string message)>;

    DmarcReports(dns::Resolver& resolver, kv::Store& store, const Clock& clock, observe::Logger log,
                 observe::Metrics& metrics, DmarcReportOptions options, Post post);

    kv::Result<> load() { return reports_.load(); }  ///< what an earlier run has left; blocks
    kv::Result<> save() { return reports_.save(); }  ///< what has been noted since; blocks
    void configure(DmarcReportOptions options);

    void note(const mailauth::MessageAuthentication& result, mailauth::DmarcPolicy applied,
              const DmarcOverride& because, std::string_view message) override;

    /// Sends what is due; blocks on the DNS and the disk. To be called every few minutes, by one thread.
    /// @param go_on  false: the server stops
    void send_due(const std::function<bool()>& go_on);

    std::size_t waiting() const { return reports_.size(); }

private:
    using Reports = kv::Daily<DayReport>;
    using Key = Reports::Key;
    enum class Sent : std::uint8_t { done, not_wanted, later };

    DmarcReportOptions options() const;
    void set_failures();
    Sent send(const Key& key, const DayReport& report);
    /// RFC 9990 §4: does that host take reports about this domain?
    /// May replace the address by another at the same host, as that host wishes. @param tag  "rua" or "ruf"
    Sent agreed(DmarcAddress& address, const std::string& policy_domain, std::string_view tag);

    dns::Resolver& resolver_;
    const Clock& clock_;
    observe::Logger log_;
    observe::Counter &sent_, &dropped_;
    Post post_;
    FailureReports failures_;
    mutable std::mutex mutex_;
    DmarcReportOptions options_;
    Reports reports_;
};

}  // namespace postrider::filter
