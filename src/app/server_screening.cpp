#include "app/server_rooms.h"
#include "screening/processing.h"
#include "screening/relaying.h"
#include "screening/reports.h"

/// What is asked before mail is taken.
namespace postrider::app {
namespace {

constexpr auto tidied_every = std::chrono::seconds{60};

}  // namespace

std::expected<void, std::string> Server::Rooms::open_screening() {
    screening::Screening::Parts parts{
        *resolver, *directory,     store->kv(),
        clock,     metrics,        log->logger("SMTP-IN", settings.smtp.service.log),
        host,      directory_path, dmarc_reports.get()};
    auto opened = screening::Screening::open(std::move(parts), settings.screening,
                                             settings.processing.greylisting_cache);
    if (!opened) return std::unexpected(opened.error());
    screening = std::move(*opened);
    screening->watch_by(&anti_spam->bans(), &anti_spam->rates());
    policy_routes->ask_by([this](const mime::AddrSpec& sender, const mime::AddrSpec& recipient) {
        return policy_route(sender, recipient);
    });
    intake->ask_first([this](const queue::Envelope& envelope,
                             std::string_view payload) -> std::optional<delivery::Changes> {
        auto wishes = screening::processing_wishes(screening->rules()->policy, envelope, payload);
        if (!wishes) return std::nullopt;
        return delivery::Changes{std::move(wishes->add), std::move(wishes->drop),
                                 std::chrono::seconds{wishes->delay}, std::move(wishes->message)};
    });
    housekeeper->add(tidied_every, [this] { screening->tidy(); });
    return {};
}

std::optional<relay::Route> Server::Rooms::policy_route(const mime::AddrSpec& sender,
                                                        const mime::AddrSpec& recipient) const {
    const auto wishes = screening::relay_wishes(screening->rules()->policy, sender, recipient);
    if (!wishes) return std::nullopt;
    relay::Route route;
    if (!wishes->host.empty()) {
        auto parsed = relay::PolicyRoutes::parse(wishes->host);
        if (!parsed) {
            server_log.error({}, "The policy sends mail by '{}', which is no host", wishes->host);
            return std::nullopt;
        }
        route = std::move(*parsed);
    }
    if (route.port == 25) route.port = wishes->port;
    route.ssl_enabled = wishes->ssl;
    route.allow_start_tls = wishes->start_tls;
    if (!wishes->tls1_3) route.allowed_versions = {settings::TlsVersion::tls1_2};
    if (!wishes->tls1_2) route.allowed_versions = {settings::TlsVersion::tls1_3};
    route.user = wishes->user;
    route.password = wishes->password;
    route.local_ip = wishes->local_ip;
    route.tls_policy = settings.outgoing.tls_policy;
    return route;
}

std::string Server::Rooms::destination_by(const std::string& next_host) const {
    auto route = relay::PolicyRoutes::parse(next_host);
    if (!route) {
        server_log.error({}, "The policy sends mail by '{}', which is no host", next_host);
        return {};
    }
    route->tls_policy = settings.outgoing.tls_policy;
    const relay::Route* kept = policy_routes->keep(std::move(*route));
    return kept ? std::string{delivery::route_prefix} + kept->name : std::string{};
}

delivery::RetrySchedule Server::Rooms::schedule(const Settings& from) const {
    delivery::RetrySchedule schedule = from.processing.schedule();
    schedule.tell = [this](std::uint32_t attempts, std::uint32_t remaining) -> std::optional<bool> {
        return screening::tells_of_delay(screening->rules()->policy, attempts, remaining);
    };
    return schedule;
}

}  // namespace postrider::app
