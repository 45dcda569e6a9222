#include "relay/connector.h"

#include <fmt/format.h>

#include "net/connect.h"

namespace postrider::relay {
namespace {

using net::SessionEnd;
using Opened = std::expected<std::unique_ptr<Client>, Trouble>;

std::shared_ptr<const net::TlsContext> make_context(const OutgoingSettings& settings, const Route* route) {
    net::TlsOptions options;
    options.ca_file = settings.ca_file;
    options.handshake_timeout = std::max(settings.patience.connect, seconds{10});
    if (route) {
        options.cert_file = route->cert_file;
        constexpr std::pair<settings::TlsVersion, const char*> words[] = {
            {settings::TlsVersion::tls1, "tls1"},
            {settings::TlsVersion::tls1_1, "tls1_1"},
            {settings::TlsVersion::tls1_2, "tls1_2"},
            {settings::TlsVersion::tls1_3, "tls1_3"}};
        for (const auto& [version, word] : words)
            if (route->allowed_versions.has(version)) options.allowed_versions.emplace_back(word);
    }
    // Each connection says for itself whether and how the certificate matters.
    return net::TlsContext::client(options, net::TlsOptions::Verify::yes);
}

}  // namespace

std::string Approach::key() const {
    return fmt::format("{} {} {} {} {} {}", to.text(), host, from.ip, from.helo, security.key(),
                       route ? route->name : std::string{});
}

Connector::Connector(const OutgoingSettings& settings, TlsAttempts* attempts, observe::Logger log,
                     observe::Metrics& metrics)
    : settings_{settings},
      attempts_{attempts},
      log_{log},
      counters_{metrics.counter("relay.connections", "Connections to other mail servers"),
                metrics.counter("relay.connections.failed", "Connections that came to nothing"),
                metrics.counter("relay.connections.tls", "Connections with TLS")},
      context_{make_context(settings, nullptr)} {
    for (const std::string& warning : context_->warnings()) log_.warning({}, "{}", warning);
    if (!context_->usable()) log_.error({}, "TLS to other servers: {}", context_->problem());
    for (const Route& route : settings.routes)
        if (!route.cert_file.empty() || !route.allowed_versions.empty()) {
            route_contexts_.emplace_back(route.name, make_context(settings, &route));
            if (const auto& made = route_contexts_.back().second; !made->usable())
                log_.error({}, "TLS of route {}: {}", route.name, made->problem());
        }
    Route alone;
    alone.allowed_versions = {settings::TlsVersion::tls1_2};
    only_tls1_2_ = make_context(settings, &alone);
    alone.allowed_versions = {settings::TlsVersion::tls1_3};
    only_tls1_3_ = make_context(settings, &alone);
}

std::shared_ptr<const net::TlsContext> Connector::context_of(const Route* route) const {
    if (route)
        for (const auto& [name, context] : route_contexts_)
            if (name == route->name) return context;
    using settings::TlsVersion;
    if (route && route->allowed_versions == settings::Set<TlsVersion>{TlsVersion::tls1_2})
        return only_tls1_2_;
    if (route && route->allowed_versions == settings::Set<TlsVersion>{TlsVersion::tls1_3})
        return only_tls1_3_;
    return context_;
}

void Connector::note(const Approach& approach, const Client& client,
                     const std::optional<Trouble>& trouble) const {
    if (!attempts_) return;
    TlsAttempt attempt = approach.security.attempt;
    attempt.sending_ip = client.stream().local().ip;
    attempt.receiving_ip = approach.to.ip;
    attempt.helo = approach.from.helo;
    if (trouble) {
        attempt.result = tls_result(approach.security, trouble->certificate);
        if (trouble->certificate == net::CertificateProblem::none && !client.offers().starttls)
            attempt.result = "starttls-not-supported";
        attempt.reason = trouble->text;
    } else if (const net::TlsInfo* info = client.stream().tls();
               info && info->problem != net::CertificateProblem::none
               && approach.security.expected.check == net::TlsPeer::Check::note) {
        attempt.result = tls_result(approach.security, info->problem);
        attempt.reason = info->problem_text;
    }
    attempts_->note(attempt);
}

net::Task<std::optional<Trouble>> Connector::secure(Client& client, const Approach& approach) {
    std::optional<Trouble> trouble;
    if (!client.offers().starttls) {
        trouble = Trouble{.status = "4.7.5",
                          .text = fmt::format("{} [{}] does not offer STARTTLS, which is asked for here",
                                              approach.host, approach.to.ip),
                          .tls = true};
        note(approach, client, trouble);
        co_return trouble;
    }
    net::TlsPeer expected = approach.security.expected;
    std::shared_ptr<const net::TlsContext> context = context_of(approach.route);
    trouble = co_await client.start_tls(std::move(context), std::move(expected));
    if (!trouble || trouble->tls) note(approach, client, trouble);
    co_return trouble;
}

net::Task<Opened> Connector::try_once(const Approach& approach, bool use_tls) {
    const SessionId id{next_id_.fetch_add(1, std::memory_order_relaxed) + 1};
    std::unique_ptr<net::Stream> stream;
    std::optional<Trouble> trouble;
    net::ConnectOptions options;
    options.to = approach.to;
    options.source_ip = approach.from.ip;
    options.connect_timeout = settings_.patience.connect;
    options.idle_timeout = seconds{0};
    try {
        stream = co_await net::connect(std::move(options));
    } catch (const SessionEnd& end) {
        trouble = Trouble{.status = "4.4.1",
                          .text = fmt::format("{} [{}]: {}", approach.host, approach.to.ip,
                                              end.reason() == SessionEnd::Reason::timeout
                                                  ? "no answer to the attempt to connect"
                                                  : end.what())};
    }
    if (trouble) {
        counters_.failed.add();
        log_.warning(id, "{}", trouble->text);
        co_return std::unexpected(std::move(*trouble));
    }
    counters_.opened.add();
    log_.info(id, "[{}] connected to {} [{}]", stream->local().text(), approach.host, approach.to.text());
    Client::Options with;
    with.helo = approach.from.helo;
    with.host = approach.host;
    with.id = id;
    with.log = log_;
    with.patience = settings_.patience;
    auto client = std::make_unique<Client>(std::move(stream), std::move(with));
    const bool from_start = approach.route && approach.route->ssl_enabled;
    if (from_start) {
        net::TlsPeer expected = approach.security.expected;
        std::shared_ptr<const net::TlsContext> context = context_of(approach.route);
        trouble = co_await client->begin_with_tls(std::move(context), std::move(expected));
        if (trouble) note(approach, *client, trouble);
    }
    if (!trouble) trouble = co_await client->greet();
    const bool must =
        approach.security.level == TlsPolicy::encrypt || approach.security.level == TlsPolicy::verify;
    if (!trouble && !from_start && use_tls && (must || client->offers().starttls))
        trouble = co_await secure(*client, approach);
    else if (!trouble && use_tls && !from_start && approach.security.level == TlsPolicy::may)
        note(approach, *client, Trouble{.text = "STARTTLS is not offered", .tls = true});
    if (!trouble && approach.route && !approach.route->user.empty()) {
        std::string user = approach.route->user, password = approach.route->password;
        trouble = co_await client->log_in(std::move(user), std::move(password));
    }
    if (trouble) {
        counters_.failed.add();
        co_await client->quit();
        co_return std::unexpected(std::move(*trouble));
    }
    if (client->stream().secure()) counters_.with_tls.add();
    co_return client;
}

net::Task<Opened> Connector::open(Approach approach) {
    const bool never = approach.security.level == TlsPolicy::none;
    Opened opened = co_await try_once(approach, !never);
    if (opened || never || approach.security.level != TlsPolicy::may || !opened.error().tls) co_return opened;
    if (approach.route && approach.route->ssl_enabled) co_return opened;
    // RFC 7435: what is optional must not be worse than nothing. Broken TLS is as good as none.
    log_.info({}, "{} [{}]: sending without TLS, which did not work", approach.host, approach.to.ip);
    opened = co_await try_once(approach, false);
    co_return opened;
}

}  // namespace postrider::relay
