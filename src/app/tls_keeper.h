#pragma once

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>

#include "app/settings.h"
#include "base/server_name.h"
#include "delivery/intake.h"
#include "delivery/router.h"
#include "relay/sts.h"
#include "relay/tls_reports.h"

namespace postrider::app {

/// What other domains have published about TLS, and what they are told: policies are fetched anew and reports
/// written and sent by one thread of its own, which may wait for their servers.
class TlsKeeper {
public:
    struct Parts {
        dns::Resolver& resolver;
        kv::Store& store;
        const delivery::Router& router;
        delivery::Intake& intake;
        const Clock& clock;
        observe::Logger log;
        observe::Metrics& metrics;
        ServerName host;
        std::filesystem::path directory;  ///< that paths of the settings are relative to
    };
    TlsKeeper(Parts parts, const Settings& settings);
    ~TlsKeeper() { stop(); }

    /// Reads what an earlier run has left. The error is a sentence.
    std::expected<void, std::string> load();
    void start();
    void stop();  ///< before the resolver's; after the I/O threads have stopped
    void apply(const Settings& settings);

    relay::StsFinder& policies() { return policies_; }
    relay::TlsAttempts* attempts() { return &reports_; }

private:
    relay::StsOptions sts_options(const Settings& settings) const;
    relay::TlsReportOptions report_options(const Settings& settings) const;
    void run();
    void work(net::Task<> task);

    Parts parts_;
    net::asio::io_context context_{1};  ///< of the thread's own coroutines; ends after all that wait for it
    relay::StsFinder policies_;
    relay::TlsReports reports_;
    std::atomic<bool> sends_ = true, stopping_ = false;
    std::mutex mutex_;
    std::condition_variable wake_;
    bool running_ = false;
    std::thread thread_;
};

}  // namespace postrider::app
