#pragma once

#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "dns/resolver.h"
#include "net/pools.h"
#include "net/tls.h"
#include "observe/log.h"
#include "observe/metrics.h"
#include "relay/sts_cache.h"
#include "relay/tls_policy.h"

namespace postrider::relay {

struct StsOptions {
    std::string ca_file;  ///< PEM; "" = the system's authorities
    std::uint16_t port = 443;
    std::chrono::seconds patience{60};  ///< RFC 8461 §3.3 suggests a minute
};

/// Finds policies as RFC 8461 §3 says: the TXT record says whether the cached one is still the current one;
/// the file is fetched when it is not. Domains are asked about once at a time; who asks meanwhile waits for
/// the same fetch.
class StsFinder final : public StsPolicies {
public:
    StsFinder(dns::Resolver& resolver, kv::Store& store, const Clock& clock, observe::Logger log,
              observe::Metrics& metrics, StsOptions options);
    ~StsFinder() override;  ///< stop(); after the I/O threads have stopped, before their contexts end

    /// Reads what an earlier run has left; blocks.
    kv::Result<> load() { return cache_.load(clock_.now()); }
    void configure(StsOptions options);

    /// Failures of fetching go into reports (RFC 8460 §4.3.2.2); nullptr: nowhere. Before the first question.
    void report_to(TlsAttempts* attempts) { attempts_ = attempts; }

    net::Task<StsPolicy> policy(std::string domain) override;

    /// Fetches anew what is older than a day or about to expire (§10.2: an attacker who suppresses the DNS
    /// answer must not outlast a policy), at most 100 domains. To be called every hour or so.
    net::Task<> refresh();

    /// Who waits for a fetch gets what is cached. For good.
    void stop();

    /// A fetch for people, which changes nothing.
    struct Fetched {
        StsPolicy policy;
        std::string problem;  ///< "" = there is a policy
        std::string result;   ///< the word of RFC 8460 §4.3.2.2 for the problem
    };
    net::Task<Fetched> fetch(std::string domain);

private:
    using Waiter = std::function<void(StsPolicy)>;
    struct Failed {
        std::string id;
        Time at{};
    };

    StsPolicy cached(const std::string& domain) const;
    bool begin(const std::string& domain);
    net::Task<StsPolicy> renew(std::string domain, std::string id);
    bool failed_lately(const std::string& domain, const std::string& id) const;
    void finish(const std::string& domain, const StsPolicy& policy);
    void note(const std::string& domain, const Fetched& fetched);

    dns::Resolver& resolver_;
    const Clock& clock_;
    observe::Logger log_;
    observe::Counter &fetches_, &failures_;
    StsCache cache_;
    TlsAttempts* attempts_ = nullptr;
    mutable std::mutex mutex_;
    StsOptions options_;
    std::shared_ptr<const net::TlsContext> tls_;
    std::map<std::string, std::vector<Waiter>> fetching_;
    std::map<std::string, Failed> failed_;
    bool stopped_ = false;
    std::unique_ptr<net::WorkerPool> writer_;  ///< the disk must not hold up a session
};

}  // namespace postrider::relay
