#include "relay/sts.h"

#include <utility>

#include "dns/records.h"
#include "net/suspend.h"
#include "relay/https.h"
#include "relay/sts_policy.h"

namespace postrider::relay {
namespace {

using namespace std::chrono_literals;

constexpr auto failure_lasts = 5min;  // RFC 8461 §3.3: per id
constexpr auto refresh_after = 24h;
constexpr auto refresh_before = 12h;  ///< of its end
constexpr std::size_t refresh_at_once = 100;
constexpr std::size_t max_failed = 10'000;

std::vector<std::string> texts_of(const dns::Answer& answer) {
    std::vector<std::string> out;
    for (const std::string& record : answer.records)
        if (auto text = dns::parse_txt(record)) out.push_back(std::move(*text));
    return out;
}

}  // namespace

StsFinder::StsFinder(dns::Resolver& resolver, kv::Store& store, const Clock& clock, observe::Logger log,
                     observe::Metrics& metrics, StsOptions options)
    : resolver_{resolver},
      clock_{clock},
      log_{log},
      fetches_{metrics.counter("sts.fetches", "MTA-STS policies that were fetched")},
      failures_{metrics.counter("sts.failures", "MTA-STS policies that could not be fetched")},
      cache_{store},
      writer_{std::make_unique<net::WorkerPool>(1, 1000)} {
    configure(std::move(options));
}

StsFinder::~StsFinder() {
    stop();
}

void StsFinder::configure(StsOptions options) {
    net::TlsOptions tls;
    tls.ca_file = options.ca_file;
    auto context = net::TlsContext::client(tls, net::TlsOptions::Verify::yes);
    if (!context->usable()) log_.error({}, "MTA-STS policies cannot be fetched: {}", context->problem());
    std::lock_guard lock{mutex_};
    options_ = std::move(options);
    tls_ = std::move(context);
}

StsPolicy StsFinder::cached(const std::string& domain) const {
    auto entry = cache_.find(domain, clock_.now());
    return entry ? std::move(entry->policy) : StsPolicy{};
}

net::Task<StsPolicy> StsFinder::policy(std::string domain) {
    const dns::Answer answer = co_await resolver_.query("_mta-sts." + domain, dns::Type::txt);
    StsPolicy known = cached(domain);
    const auto texts = texts_of(answer);
    const auto id = sts_id(texts);
    // §3.1: without a record there is nothing to discover, but what is cached still holds (§3.3).
    if (!id || (!known.id.empty() && known.id == *id) || failed_lately(domain, *id)) co_return known;
    if (begin(domain)) {
        StsPolicy fresh = co_await renew(domain, *id);
        co_return fresh;
    }
    auto wait = [this, &domain](std::function<void(StsPolicy)> done) {
        {
            std::lock_guard lock{mutex_};
            if (auto at = fetching_.find(domain); at != fetching_.end() && !stopped_) {
                at->second.push_back(std::move(done));
                return;
            }
        }
        done(cached(domain));
    };
    StsPolicy theirs = co_await net::suspend<StsPolicy>(std::move(wait));
    co_return theirs;
}

/// True when the caller is to fetch; finish() must follow.
bool StsFinder::begin(const std::string& domain) {
    std::lock_guard lock{mutex_};
    return !stopped_ && fetching_.try_emplace(domain).second;
}

void StsFinder::finish(const std::string& domain, const StsPolicy& policy) {
    std::vector<Waiter> waiters;
    {
        std::lock_guard lock{mutex_};
        auto at = fetching_.find(domain);
        if (at == fetching_.end()) return;
        waiters = std::move(at->second);
        fetching_.erase(at);
    }
    for (const Waiter& waiter : waiters) waiter(policy);
}

void StsFinder::stop() {
    std::map<std::string, std::vector<Waiter>> all;
    {
        std::lock_guard lock{mutex_};
        stopped_ = true;
        all.swap(fetching_);
    }
    for (const auto& [domain, waiters] : all)
        for (const Waiter& waiter : waiters) waiter(cached(domain));
    writer_.reset();  // what it still does wakes coroutines, whose threads' contexts end before we do
}

bool StsFinder::failed_lately(const std::string& domain, const std::string& id) const {
    std::lock_guard lock{mutex_};
    auto at = failed_.find(domain);
    return at != failed_.end() && at->second.id == id && clock_.now() < at->second.at + failure_lasts;
}

net::Task<StsPolicy> StsFinder::renew(std::string domain, std::string id) {
    Fetched fetched = co_await fetch(domain);
    if (fetched.problem.empty()) {
        fetched.policy.id = id;
        StsCache::Entry entry{fetched.policy, clock_.now()};
        auto store = [this, domain, entry = std::move(entry)]() mutable {
            if (auto ok = cache_.put(domain, std::move(entry)); !ok)
                log_.error({}, "The MTA-STS policy of {} is not remembered: {}", domain, ok.error().what);
        };
        co_await writer_->run(std::move(store));
        log_.info({}, "MTA-STS policy of {}: {}", domain, word(fetched.policy.mode));
    } else {
        log_.warning({}, "MTA-STS policy of {}: {}", domain, fetched.problem);
        note(domain, fetched);
        std::lock_guard lock{mutex_};
        if (failed_.size() >= max_failed) failed_.clear();
        failed_[domain] = {id, clock_.now()};
    }
    StsPolicy out = fetched.problem.empty() ? std::move(fetched.policy) : cached(domain);
    finish(domain, out);
    co_return out;
}

void StsFinder::note(const std::string& domain, const Fetched& fetched) {
    if (!attempts_) return;
    TlsAttempt attempt;
    attempt.domain = domain;
    attempt.policy = TlsAttempt::Policy::sts;
    attempt.result = fetched.result;
    attempt.reason = fetched.problem;
    attempts_->note(attempt);
}

net::Task<StsFinder::Fetched> StsFinder::fetch(std::string domain) {
    HttpsRequest request;
    request.host = "mta-sts." + domain;
    request.target = "/.well-known/mta-sts.txt";
    request.max_body = max_sts_policy;
    {
        std::lock_guard lock{mutex_};
        request.port = options_.port;
        request.patience = options_.patience;
        request.tls = tls_;
    }
    fetches_.add();
    const auto reply = co_await https(resolver_, std::move(request));
    Fetched out;
    if (!reply) {
        out.problem = reply.error().what;
        out.result =
            reply.error().stage == HttpsProblem::Stage::tls ? "sts-webpki-invalid" : "sts-policy-fetch-error";
    } else if (reply->status != 200) {  // §3.3: redirects must not be followed
        out.problem = "the web server answers " + std::to_string(reply->status);
        out.result = "sts-policy-fetch-error";
    } else if (reply->content_type != "text/plain") {
        out.problem = "the policy is not text/plain";  // §3.2: uploads of others must not become policies
        out.result = "sts-policy-invalid";
    } else if (auto policy = parse_sts_policy(reply->body)) {
        out.policy = std::move(*policy);
    } else {
        out.problem = policy.error();
        out.result = "sts-policy-invalid";
    }
    if (!out.problem.empty()) failures_.add();
    co_return out;
}

net::Task<> StsFinder::refresh() {
    const Time now = clock_.now();
    const auto domains = cache_.old(now - refresh_after, now + refresh_before, refresh_at_once);
    for (const std::string& domain : domains) {
        const dns::Answer answer = co_await resolver_.query("_mta-sts." + domain, dns::Type::txt);
        const auto texts = texts_of(answer);
        const auto id = sts_id(texts);
        // No record: §8.3 asks domains to keep one; without it the policy runs out.
        if (!id || failed_lately(domain, *id) || !begin(domain)) continue;
        co_await renew(domain, *id);
    }
}

}  // namespace postrider::relay
