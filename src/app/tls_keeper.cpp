#include "app/tls_keeper.h"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <functional>

#include "delivery/post.h"
#include "net/pools.h"
#include "relay/sts_policy.h"
#include "text/ascii.h"

namespace postrider::app {
namespace {

using std::chrono::steady_clock;
using namespace std::chrono_literals;

constexpr std::chrono::seconds first_round = 10s, save_every = 60s, send_every = 5min, refresh_every = 1h;
constexpr std::size_t delay_range = 4 * 3600;  ///< RFC 8460 §4.1: not all at midnight

std::string domain_of(const std::string& host) {
    const std::size_t dot = host.find('.');
    return dot == std::string::npos ? host : host.substr(dot + 1);
}

}  // namespace

TlsKeeper::TlsKeeper(Parts parts, const Settings& settings)
    : parts_{std::move(parts)},
      policies_{parts_.resolver, parts_.store,   parts_.clock,
                parts_.log,      parts_.metrics, sts_options(settings)},
      reports_{parts_.resolver,
               parts_.store,
               parts_.clock,
               parts_.log,
               parts_.metrics,
               report_options(settings),
               [this](const std::string& to, std::string message) {
                   auto address = mime::parse_addr_spec(to);
                   return address
                          && delivery::post_own(parts_.router, parts_.intake, parts_.clock, *address,
                                                std::move(message));
               }} {
    sends_ = settings.outgoing.tls_reports;
    policies_.report_to(&reports_);
}

relay::StsOptions TlsKeeper::sts_options(const Settings& settings) const {
    relay::StsOptions options;
    const std::string& file = settings.outgoing.ca_file;
    if (!file.empty() && file != "none") options.ca_file = (parts_.directory / file).string();
    options.port = settings.outgoing.sts_port;
    return options;
}

relay::TlsReportOptions TlsKeeper::report_options(const Settings& settings) const {
    relay::TlsReportOptions options;
    const std::string& primary = settings.server.primary_domain;
    options.submitter = text::to_lower(parts_.host.get());
    options.from = settings.outgoing.tls_report_sender;
    if (options.from.empty())
        options.from = "postmaster@" + (primary.empty() ? domain_of(options.submitter) : primary);
    options.ca_file = sts_options(settings).ca_file;
    options.delay = std::chrono::seconds{std::hash<std::string>{}(options.submitter) % delay_range};
    return options;
}

void TlsKeeper::apply(const Settings& settings) {
    policies_.configure(sts_options(settings));
    reports_.configure(report_options(settings));
    sends_ = settings.outgoing.tls_reports;
}

std::expected<void, std::string> TlsKeeper::load() {
    if (auto ok = policies_.load(); !ok) return std::unexpected("MTA-STS policies: " + ok.error().what);
    if (auto ok = reports_.load(); !ok) return std::unexpected("TLS reports: " + ok.error().what);
    return {};
}

void TlsKeeper::start() {
    std::lock_guard lock{mutex_};
    if (running_) return;
    running_ = true;
    stopping_ = false;
    thread_ = std::thread{[this] { run(); }};
}

void TlsKeeper::stop() {
    {
        std::lock_guard lock{mutex_};
        if (!running_) return;
        running_ = false;
    }
    stopping_ = true;
    wake_.notify_all();
    thread_.join();
    policies_.stop();
    if (auto ok = reports_.save(); !ok) parts_.log.error({}, "TLS reports: {}", ok.error().what);
}

/// Runs a coroutine to its end, or until the server stops: what is still waiting then is forgotten and tried
/// again after the next start.
void TlsKeeper::work(net::Task<> task) {
    const auto busy = net::asio::make_work_guard(context_);
    auto done = std::make_shared<bool>(false);
    auto ended = [this, done](std::exception_ptr failed) {
        *done = true;
        try {
            if (failed) std::rethrow_exception(failed);
        } catch (const std::exception& error) {
            parts_.log.error({}, "TLS policies and reports: {}", error.what());
        }
    };
    net::asio::co_spawn(context_, std::move(task), std::move(ended));
    context_.restart();
    while (!*done && !stopping_) context_.run_for(100ms);
}

void TlsKeeper::run() {
    auto send_at = steady_clock::now(), refresh_at = steady_clock::now() + 2min;
    net::block_sigpipe();
    std::unique_lock lock{mutex_};
    auto rest = first_round;
    while (running_) {
        wake_.wait_for(lock, rest, [&] { return !running_; });
        rest = save_every;
        if (!running_) return;
        lock.unlock();
        if (auto ok = reports_.save(); !ok) parts_.log.error({}, "TLS reports: {}", ok.error().what);
        if (sends_ && steady_clock::now() >= send_at) {
            work(reports_.send_due());
            send_at = steady_clock::now() + send_every;
        }
        if (steady_clock::now() >= refresh_at) {
            work(policies_.refresh());
            refresh_at = steady_clock::now() + refresh_every;
        }
        lock.lock();
    }
}

}  // namespace postrider::app
